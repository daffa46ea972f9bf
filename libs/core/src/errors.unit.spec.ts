import { AppError, isAppError, messageOf, toAppError } from './errors';

describe('an application error', () => {
  it('is retryable by its code unless it says otherwise', () => {
    expect(new AppError('timeout', 'late').retryable).toBe(true);
    expect(new AppError('not_found', 'gone').retryable).toBe(false);
    expect(new AppError('conflict', 'taken', { retryable: true }).retryable).toBe(true);
  });

  it('is recognised by shape, also from another copy of this package', () => {
    const foreign = Object.assign(new Error('away'), { code: 'unavailable', retryable: true });

    expect(isAppError(foreign)).toBe(true);
    expect(isAppError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))).toBe(false);
    expect(isAppError('text')).toBe(false);
  });

  it('wraps anything else as internal and keeps it as the cause', () => {
    const cause = new TypeError('x is not a function');

    expect(toAppError(cause)).toMatchObject({ code: 'internal', message: 'unexpected failure', cause });
    expect(toAppError(new AppError('locked', 'no'))).toMatchObject({ code: 'locked' });
    expect(messageOf(cause)).toBe('x is not a function');
    expect(messageOf(7)).toBe('7');
  });
});
