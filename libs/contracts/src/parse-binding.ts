import { AppError, systemClock, type Clock } from '@ringdown/core';
import type { ClientBinding } from './client-binding';
import { familyNamed } from './families/families';

export const MAX_BINDING_BYTES = 512;

/**
 * Reads a binding as a client wrote it. Throws AppError `bad_request` whose message is the text that Kazoo's Blackhole
 * answers, where Blackhole has one. The clock matters only to subscription keys of monthly documents.
 */
export function parseBinding(text: unknown, clock: Clock = systemClock): ClientBinding {
  if (typeof text !== 'string') throw new AppError('bad_request', 'binding must be a string');
  if (text === '') throw new AppError('bad_request', 'empty subscription');
  if (text.length > MAX_BINDING_BYTES || Buffer.byteLength(text) > MAX_BINDING_BYTES) {
    throw new AppError('bad_request', `binding longer than ${MAX_BINDING_BYTES} bytes`);
  }
  const words = text.split('.');
  const family = familyNamed(words[0]!);
  if (family === undefined) {
    throw new AppError('bad_request', 'no available subscriptions to requested binding');
  }
  return family.parseBinding(text, words, clock);
}
