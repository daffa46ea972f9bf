import { AppError } from '@ringdown/core';
import { fieldError } from './validate';
import { hubFailureOf } from './hub-error';

const path = '/api/v1/ws/unsubscribe';

describe('an error of /api/v1', () => {
  it('has code, message and one entry in the stack', () => {
    expect(hubFailureOf(new AppError('not_found', 'client x does not exist'), path)).toEqual({
      status: 404,
      body: {
        code: 404,
        message: 'client x does not exist',
        stack: [{ code: 404, description: 'client x does not exist', error: 'not_found', path }],
      },
    });
  });

  it('has one entry for every faulty field', () => {
    const details = {
      client_id: { required: { message: 'is missing' } },
      event_types: { type: { message: 'must be a list' }, minItems: { message: 'is empty' } },
      plain: 'is wrong',
      listed: [
        { error: 'unknown', message: 'x' },
        { error: 'unknown', message: 'y' },
      ],
    };
    const { body } = hubFailureOf(new AppError('validation_failed', 'several', { details }), path);
    expect(body).toEqual({
      code: 400,
      message: 'several',
      stack: [
        { code: 400, description: 'is missing', error: 'required', path: 'client_id' },
        { code: 400, description: 'must be a list', error: 'type', path: 'event_types' },
        { code: 400, description: 'is empty', error: 'minItems', path: 'event_types' },
        { code: 400, description: 'is wrong', error: 'invalid', path: 'plain' },
        { code: 400, description: 'x', error: 'unknown', path: 'listed' },
        { code: 400, description: 'y', error: 'unknown', path: 'listed' },
      ],
    });
    expect(hubFailureOf(fieldError('a', 'b', 'c'), path).body.stack).toHaveLength(1);
  });

  it.each([
    [new AppError('unsupported_media_type', 'x'), 400],
    [new AppError('locked', 'x'), 403],
    [new AppError('unauthorized', 'x'), 401],
    [new AppError('conflict', 'x'), 409],
    [new AppError('too_large', 'x'), 413],
    [new AppError('unavailable', 'x'), 503],
    [Object.assign(new Error('bad %'), { status: 400 }), 400],
  ])('%s is a %i', (error, status) => {
    const failure = hubFailureOf(error, path);
    expect(failure.status).toBe(status);
    expect(failure.body).toMatchObject({ code: status, stack: [{ code: status }] });
  });

  it('says nothing of what nobody foresaw', () => {
    for (const error of [new Error('secret'), new AppError('internal', 'secret'), 'secret']) {
      expect(JSON.stringify(hubFailureOf(error, path))).not.toContain('secret');
      expect(hubFailureOf(error, path).status).toBe(500);
    }
  });
});
