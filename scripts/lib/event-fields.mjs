import { ToolError } from './tool.mjs';

const FAMILIES = ['call', 'conference', 'fax', 'object', 'messaging'];

/** The exchange of a routing key: its first word. */
export function exchangeOf(routingKey) {
  const family = routingKey.split('.')[0];
  if (FAMILIES.includes(family) && routingKey.split('.').length >= 3) return family;
  throw new ToolError(
    `${routingKey} is no event's routing key: FAMILY.NAME.ID with FAMILY one of ${FAMILIES.join(', ')}.`,
  );
}

/**
 * `name=value` words as an object. A dot in a name goes one level down. A value that is JSON is taken as such (42, true,
 * {"a":1}), anything else is text; so no quotes are needed.
 */
export function bodyFromFields(fields) {
  const body = {};
  for (const field of fields) {
    const equals = field.indexOf('=');
    if (equals < 1) throw new ToolError(`${field} is not of the form name=value.`);
    set(body, field.slice(0, equals).split('.'), parseValue(field.slice(equals + 1)), field);
  }
  return body;
}

function set(target, [name, ...rest], value, field) {
  if (name === '' || name === '__proto__') throw new ToolError(`${field} has no usable name.`);
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  target[name] ??= {};
  if (typeof target[name] !== 'object') throw new ToolError(`${field}: ${name} already has a value.`);
  set(target[name], rest, value, field);
}

function parseValue(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A body given as one JSON text; `source` names it in the error. */
export function parseBody(text, source) {
  let body;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new ToolError(`${source} is not JSON (${error.message}).`);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ToolError(`${source} must be a JSON object.`);
  }
  return body;
}
