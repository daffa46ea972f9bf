import { cleanData } from '../domain/clean-data';
import type { DocumentType } from '../domain/document-types';
import { fieldPath, validationFailed, type FieldErrors } from '../domain/field-errors';
import { mergePatch, withoutNulls } from '../domain/merge';
import { carrySecrets, secretAt, splitSecrets, type Content, type Secrets } from '../domain/secrets';
import { validateData } from '../domain/validate';
import { AppError, isAppError, isJsonObject, type JsonObject } from '@ringdown/core';

/** Of a document as JSON. It travels in one message, and patches could otherwise grow it beyond what can be read. */
const MAX_DOCUMENT_BYTES = 8_000_000;

const NOTHING: Content = { doc: {}, secrets: {} };

/** A document's content, checked and taken apart. */
export interface PreparedData extends Content {
  /** A password given now: text, `null` to remove it, undefined when the request says nothing. */
  readonly password: string | null | undefined;
}

/** The content of a new document, or of one that is replaced. Errors: `validation_failed`, `too_large`. */
export function prepareWhole(type: DocumentType, data: JsonObject, current: Content = NOTHING): PreparedData {
  return prepare(type, withoutNulls(cleanData(data)), data, current);
}

/** The content after a patch. Errors: `validation_failed`, `too_large`. */
export function preparePatched(type: DocumentType, current: Content, patch: JsonObject): PreparedData {
  return prepare(type, mergePatch(current.doc, cleanData(patch)), patch, current);
}

function prepare(type: DocumentType, content: JsonObject, given: JsonObject, current: Content): PreparedData {
  // Validated with its secrets in place, so that a short pin is refused under its own path.
  const valid = normalised(type, validated(type, content));
  const { open, secrets } = splitSecrets(valid);
  const removed = Object.fromEntries(
    Object.entries(splitSecrets(cleanData(given)).secrets).filter(([, value]) => value === null),
  );
  const carried = carrySecrets(current, { ...secrets, ...removed }, open);
  requireStorableSize(open, carried);
  if (type.name !== 'user') return { doc: open, secrets: carried, password: undefined };
  // A user's password is hashed beside the credentials, nothing else.
  const at = secretAt(['password']);
  const password = Object.hasOwn(removed, at) ? null : (secrets[at] as string | undefined);
  return {
    doc: open,
    secrets: Object.fromEntries(Object.entries(carried).filter(([path]) => path !== at)),
    password,
  };
}

function requireStorableSize(open: JsonObject, secrets: Secrets): void {
  if (Buffer.byteLength(JSON.stringify([open, secrets])) <= MAX_DOCUMENT_BYTES) return;
  throw new AppError('too_large', `the document would be larger than ${MAX_DOCUMENT_BYTES} bytes`, {
    details: { max_bytes: MAX_DOCUMENT_BYTES },
  });
}

function validated(type: DocumentType, content: JsonObject): JsonObject {
  const faults: FieldErrors = {};
  let valid = content;
  try {
    valid = validateData(type.schema, content);
  } catch (error) {
    if (!isAppError(error) || !error.details) throw error;
    Object.assign(faults, error.details);
  }
  if (type.name === 'user' && content['password'] !== undefined && content['username'] === undefined) {
    faults[fieldPath(['username'])] ??= {
      required: { message: 'The username must be set for a user with a password' },
    };
  }
  if (Object.keys(faults).length > 0) throw validationFailed(faults);
  return valid;
}

/** Usernames and realms are compared without case and shown in lower case, as Kazoo does. */
function normalised(type: DocumentType, content: JsonObject): JsonObject {
  const member = type.name === 'user' ? 'username' : type.name === 'account' ? 'realm' : undefined;
  const value = member === undefined ? undefined : content[member];
  if (member === undefined || typeof value !== 'string') return content;
  return { ...content, [member]: value.toLowerCase() };
}

/** What was asked, for recognising a repetition; secrets count by their place only. */
export function withoutSecrets(data: JsonObject): unknown {
  if (!isJsonObject(data)) return data;
  const { open, secrets } = splitSecrets(data);
  return [open, Object.keys(secrets).sort()];
}
