import { AppError, isAppError } from '@ringdown/core';

/** 409 with its reason as the message: what was asked for does not fit the state of the call. Kazoo's 409 is of documents. */
export class StateConflict extends AppError {
  constructor(cause: AppError) {
    super('conflict', cause.message, { cause });
    this.name = 'StateConflict';
  }
}

/** To be thrown in the place of what a switch, or who speaks for it, refused. */
export function refusalOfSwitch(error: unknown): unknown {
  return isAppError(error) && error.code === 'conflict' ? new StateConflict(error) : error;
}
