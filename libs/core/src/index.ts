export { AppError, isAppError, messageOf, toAppError, type AppErrorOptions, type ErrorCode } from './errors';
export { silentLogger, type LogFields, type Logger } from './logger';
export { newId, newMessageId, randomHex } from './ids';
export {
  GREGORIAN_OFFSET_S,
  fromGregorianSeconds,
  systemClock,
  toGregorianSeconds,
  type Clock,
} from './clock';
export { deferred, type Deferred } from './deferred';
export { pause, withDeadline } from './deadline';
export { backoffMs, type BackoffOptions } from './backoff';
export { memoised, type Lifecycle } from './lifecycle';
export { Random } from './random';
export { RecentSet } from './recent-set';
export { TokenBucket, type TokenBucketOptions } from './token-bucket';
export { currentTrace, withoutTrace, withTrace, type Trace } from './trace';
export { TopicTrie, topicMatches } from './topic-trie';
export { canonicalJson, isJsonObject, type JsonObject } from './json';
