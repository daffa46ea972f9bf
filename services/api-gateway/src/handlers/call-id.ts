import { AppError } from '@ringdown/core';
import { isStorable } from '../front/check-json';

const MAX_LENGTH = 512;

/** The id of a call or conference from a URL: any text, for it is the switch's. Error: `not_found` for what can be none. */
export function callIdOf(text: string): string {
  if (text.length > MAX_LENGTH || !isStorable(text)) throw new AppError('not_found', 'bad identifier');
  return text;
}
