import {
  MAX_MESSAGE_CONTENT_BYTES,
  type DeliveryState,
  type MessagingMessage,
  type SenderType,
} from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { invalidField } from './errors';

export interface Message {
  readonly id: string;
  readonly conversationId: string;
  readonly content: string;
  readonly deliveryState: DeliveryState;
  readonly senderType: SenderType;
  readonly senderId: string | undefined;
  /** Its id at the source, by which a repetition is recognised. */
  readonly sourceMessageId: string | undefined;
  /** Unix milliseconds. */
  readonly sentAt: number;
}

/** Content as it is stored, announced and delivered. Errors: `too_large`, `validation_failed` (nested too deeply). */
export function contentText(content: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(content);
  } catch {
    throw invalidField('message', 'json', 'Value is nested too deeply');
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_MESSAGE_CONTENT_BYTES) {
    throw new AppError('too_large', `a message of ${bytes} bytes, at most ${MAX_MESSAGE_CONTENT_BYTES}`);
  }
  return text;
}

/** `yyyy-MM-dd'T'HH:mm:ss.SSSZ` in UTC: always three digits of a second. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

export function messageView(message: Message): MessagingMessage {
  return {
    id: message.id,
    content: message.content,
    delivery_state: message.deliveryState,
    sender_type: message.senderType,
    sent_at: timeText(message.sentAt),
  };
}
