import type { Rpc } from '../app/rpc';
import { channelEndpoints } from './channels.endpoints';
import { chatPluginEndpoints } from './chat-plugin.endpoints';
import { conversationEndpoints } from './conversations.endpoints';
import type { AiryEndpoint } from './endpoint';
import { metadataEndpoints } from './metadata.endpoints';
import { sourceEndpoints } from './sources.endpoints';
import { tagEndpoints } from './tags.endpoints';
import { userEndpoints } from './users.endpoints';

/** Everything this dialect serves. */
export function airyEndpoints(rpc: Rpc): AiryEndpoint[] {
  return [
    ...userEndpoints(rpc),
    ...channelEndpoints(rpc),
    ...conversationEndpoints(rpc),
    ...metadataEndpoints(rpc),
    ...tagEndpoints(rpc),
    ...chatPluginEndpoints(rpc),
    ...sourceEndpoints(rpc),
  ];
}
