import Joi from 'joi';
import { OBJECT_PRODUCER } from './identity';
import { defineOperation } from './operation';

/** A device that can register with a switch: what a call-producer needs to know whose call it sees. No credentials. */
export interface Endpoint {
  readonly device_id: string;
  readonly account_id: string;
  readonly account_name: string;
  /** SIP realm of the account; undefined when it has none. */
  readonly realm?: string;
  /** `sip.username` of the device. */
  readonly username: string;
  readonly owner_id?: string;
  /** Of the owner. */
  readonly presence_id?: string;
  readonly enabled: boolean;
  /** Gregorian seconds. When two devices claim one username, the older one has it. */
  readonly created: number;
}

const id = Joi.string().min(1).max(128);

/** A page of a list that is sorted by device id. */
export interface EndpointPage {
  /** Only devices behind this one: `next` of the previous page. */
  readonly after?: string | undefined;
  /** Default and maximum 1,000. */
  readonly limit?: number | undefined;
}

export interface EndpointList {
  readonly endpoints: readonly Endpoint[];
  /** Present when there are more. */
  readonly next?: string;
}

const page = { after: id, limit: Joi.number().integer().min(1).max(1_000) };

/** Every device with a SIP username, of all accounts. */
export const listEndpoints = defineOperation<EndpointPage, EndpointList>(
  OBJECT_PRODUCER,
  'endpoints.list',
  Joi.object(page),
);

/**
 * The endpoints of one account; asked when an event says that something of it changed. None when the account is unknown
 * or deleted.
 */
export const listAccountEndpoints = defineOperation<
  EndpointPage & { readonly account_id: string },
  EndpointList
>(OBJECT_PRODUCER, 'endpoints.of_account', Joi.object({ account_id: id.required(), ...page }));

/** The root account. Error: not_found on an empty database. */
export const describeRoot = defineOperation<
  Record<string, never>,
  { readonly account_id: string; readonly name: string; readonly realm?: string }
>(OBJECT_PRODUCER, 'accounts.root', Joi.object({}));
