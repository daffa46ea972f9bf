import { commandChannel, getChannel, type ChannelState, type ListChannelsRequest } from '@ringdown/contracts';
import { AppError, type Clock } from '@ringdown/core';
import type { Access } from '../app/access';
import { callflowExtensions } from '../app/callflow-extensions';
import { ChannelOwnerFinder, type ChannelOwners } from '../app/channel-owners';
import { commandAnswer } from '../app/command-answer';
import { gatherChannels, type ListedChannels } from '../app/list-channels';
import type { Rpc } from '../app/rpc';
import { toCsv } from '../crossbar/csv';
import type { Answer, RequestData, RequestMembers, Resource } from '../crossbar/endpoint';
import { InvalidData } from '../crossbar/invalid-data';
import { csvTypeOf } from '../crossbar/representation';
import { ActionParser } from '../domain/calls/action-parser';
import { completeFlow } from '../domain/calls/draft-flow';
import { MetaflowParser } from '../domain/calls/metaflow-parser';
import {
  ignoredByTheSwitch,
  placesOfCommand,
  refusalAtPlaces,
  type ParsedFlow,
} from '../domain/calls/parsed-flow';
import { unwrapMetaflow } from '../domain/calls/unwrap-metaflow';
import { detailColumns, listColumns } from '../domain/channels/channel-columns';
import { channelDetails, channelRow } from '../domain/channels/channel-rows';
import type { SchemaCatalogue } from '../domain/schemas/schema-catalogue';
import type { AuthenticatedRequest } from '../front/request';
import { callIdOf } from './call-id';
import { idOf } from './documents.resources';

/** What the channels' resources work with. */
export interface ChannelResourcesOptions {
  readonly rpc: Rpc;
  readonly access: Access;
  readonly schemas: SchemaCatalogue;
  /** Whether the super admin may list the channels of all accounts. */
  readonly systemWideList: boolean;
  readonly clock: Clock;
}

/** Live call channels: of everybody, of an account, of a user, a device or a group; one of them, and commands to it. */
export function channelResources(options: ChannelResourcesOptions): Resource[] {
  const { rpc, access, systemWideList } = options;
  const owners = new ChannelOwnerFinder(rpc);
  const answer = new ChannelAnswers(options.clock);
  const read = ({ principal, params }: AuthenticatedRequest): Promise<void> =>
    access.toRead(principal, params['account_id']!);
  const list = (
    path: string,
    run: (request: AuthenticatedRequest) => Promise<Answer>,
    authorize = read,
  ): Resource => ({ path, methods: { GET: { access: 'token', authorize, run } } });
  const listOfOwner = (
    collection: string,
    find: (accountId: string, id: string, request: AuthenticatedRequest) => Promise<ChannelOwners>,
  ): Resource =>
    list(`/accounts/:account_id/${collection}/:owner_id/channels`, async (request) => {
      const accountId = request.params['account_id']!;
      const { missing, ...found } = await find(accountId, idOf(request.params['owner_id']!), request);
      const listed = await gatherChannelsOf(rpc, accountId, found, request);
      return answer.list(request, listed, missing.length > 0 ? { missing } : {});
    });

  return [
    list(
      '/channels',
      async (request) => answer.list(request, await gatherChannels(rpc, {}, request)),
      ({ principal }) => {
        if (!principal.isSuperAdmin) return Promise.reject(new AppError('forbidden', 'forbidden'));
        if (systemWideList) return Promise.resolve();
        const message =
          'the list of all channels is switched off; RINGDOWN_CHANNELS_SYSTEM_WIDE_LIST=true allows it';
        return Promise.reject(new AppError('forbidden', message));
      },
    ),
    list('/accounts/:account_id/channels', async (request) =>
      answer.list(request, await gatherChannels(rpc, { account_id: request.params['account_id']! }, request)),
    ),
    listOfOwner('users', (...args) => owners.ofUser(...args)),
    listOfOwner('devices', (...args) => owners.ofDevice(...args)),
    listOfOwner('groups', (...args) => owners.ofGroup(...args)),
    channelResource(options, answer, read),
  ];
}

/** One channel: read, `POST` an action, `PUT` a metaflow. */
function channelResource(
  { rpc, access, schemas }: ChannelResourcesOptions,
  answer: ChannelAnswers,
  read: (request: AuthenticatedRequest) => Promise<void>,
): Resource {
  const actions = new ActionParser(schemas);
  const metaflows = new MetaflowParser(schemas);
  const channelOf = (request: AuthenticatedRequest): Promise<ChannelState> =>
    rpc.ask(
      getChannel,
      { account_id: request.params['account_id']!, call_id: callIdOf(request.params['uuid']!) },
      request,
    );
  /** Administrators, and a plain user on its own calls. */
  const command = ({ principal, params }: AuthenticatedRequest, owner: () => Promise<string | undefined>) =>
    access.toCommand(principal, params['account_id']!, owner);
  const authorize = (request: AuthenticatedRequest): Promise<void> =>
    command(request, async () => (await channelOf(request)).owner_id);
  const execute = async (
    request: AuthenticatedRequest,
    parsed: ParsedFlow,
    facts: { readonly action: string; readonly message: string },
  ): Promise<Answer> => {
    const accountId = request.params['account_id']!;
    const payload = {
      account_id: accountId,
      call_id: callIdOf(request.params['uuid']!),
      flow: await completeFlow(parsed.flow, callflowExtensions(rpc, accountId, request)),
    };
    const placeOf = placesOfCommand(parsed);
    try {
      const outcome = await rpc.command(commandChannel, payload, request);
      const ignored = [...ignoredByTheSwitch(outcome.ignored ?? [], parsed), ...parsed.ignored];
      return commandAnswer({ ...outcome, ignored }, facts);
    } catch (error) {
      throw refusalAtPlaces(error, placeOf);
    }
  };

  return {
    path: '/accounts/:account_id/channels/:uuid',
    methods: {
      GET: {
        access: 'token',
        authorize: read,
        run: async (request) => answer.one(request, await channelOf(request)),
      },
      POST: {
        access: 'token-body',
        authorize,
        run: async (
          request: AuthenticatedRequest,
          data: RequestData,
          beside: RequestMembers,
        ): Promise<Answer> => {
          const { other_leg_call_id: otherLeg } = await channelOf(request);
          const parsed = actions.parse(data, beside, { bridged: otherLeg !== undefined });
          if (parsed === undefined) throw new InvalidData(data);
          return execute(request, parsed, parsed);
        },
      },
      PUT: {
        access: 'token-body',
        authorize,
        run: async (
          request: AuthenticatedRequest,
          data: RequestData,
          beside: RequestMembers,
        ): Promise<Answer> => {
          await channelOf(request);
          const node = unwrapMetaflow(data, beside);
          if (node === undefined) throw new InvalidData(data);

          const facts = { action: 'metaflow', message: 'metaflow sent' };
          return execute(request, metaflows.parse(node), facts);
        },
      },
    },
  };
}

/** Nobody's channels are none; the registry would take no owners for all. */
function gatherChannelsOf(
  rpc: Rpc,
  accountId: string,
  { userIds, deviceIds }: Omit<ChannelOwners, 'missing'>,
  request: AuthenticatedRequest,
): Promise<ListedChannels> {
  if (userIds.length === 0 && deviceIds.length === 0) return Promise.resolve({ channels: [], position: {} });
  const filter: ListChannelsRequest = {
    account_id: accountId,
    ...(userIds.length === 0 ? {} : { owner_ids: userIds }),
    ...(deviceIds.length === 0 ? {} : { device_ids: deviceIds }),
  };
  return gatherChannels(rpc, filter, request);
}

/** Channels as JSON or, for who accepts it, as CSV. */
class ChannelAnswers {
  constructor(private readonly clock: Clock) {}

  list(
    request: AuthenticatedRequest,
    { channels, offset, position }: ListedChannels,
    extra: Readonly<Record<string, unknown>> = {},
  ): Answer {
    const nowMs = this.clock();
    const rows = channels.map((channel) => channelRow(channel, nowMs));
    const csv = csvOf(request, 'channels', listColumns, rows);
    const next = position['next_start_key'];
    // The key is as the registry made it; a header takes no other characters than these.
    const header = typeof next === 'string' ? { 'x-next-start-key': encodeURIComponent(next) } : {};
    if (csv !== undefined) return { ...csv, headers: { ...csv.headers, ...header } };
    const revision = offset === undefined ? {} : { revision: String(offset) };
    return { data: rows, extra: { ...revision, ...position, ...extra }, headers: { vary: 'accept' } };
  }

  one(request: AuthenticatedRequest, channel: ChannelState): Answer {
    const details = channelDetails(channel, this.clock());
    const csv = csvOf(request, 'channel', detailColumns, [{ ...details }]);
    return csv ?? { data: details, headers: { vary: 'accept' } };
  }
}

function csvOf(
  { headers }: AuthenticatedRequest,
  name: string,
  columns: readonly string[],
  rows: readonly object[],
): Answer | undefined {
  const type = csvTypeOf(headers.accept);
  if (type === undefined) return undefined;
  return {
    data: rows,
    plain: {
      contentType: type === 'text/csv' ? 'text/csv; charset=utf-8' : type,
      text: toCsv(columns, rows as readonly Readonly<Record<string, unknown>>[]),
    },
    headers: { vary: 'accept', 'content-disposition': `attachment; filename="${name}.csv"` },
  };
}
