import type { RecordingMade } from './simulated-switch';

export interface FaxSent {
  readonly direction: 'incoming' | 'outgoing';
  readonly fromNumber: string;
  readonly fromName: string;
  readonly toNumber: string;
  readonly toName: string;
}

export interface MessageLeft {
  readonly callId: string;
  readonly callerName: string;
  readonly callerNumber: string;
  readonly toNumber: string;
  readonly seconds: number;
}

/** What the calls leave behind in the documents of the account, and what they look up there. Nothing here throws. */
export interface Office {
  /** A fax begins: its id, that of its document when there is one. */
  openFax(fax: FaxSent): Promise<string>;
  closeFax(faxId: string, status: string): void;
  leaveMessage(message: MessageLeft): void;
  keepRecording(recording: RecordingMade): void;
  /** A media document, or a sound that comes with the switch. */
  hasMedia(id: string): Promise<boolean>;
  /** A callflow of the account listens to this number. */
  hasNumber(number: string): Promise<boolean>;
}
