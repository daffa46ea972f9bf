export { buildChannels } from './channels';
export { type ChannelsPorts } from './container';
export {
  ChannelRegistry,
  type FoldOutcome,
  type FoldRejection,
  type Folded,
  type FoldedEntry,
} from './domain/channel-registry';
export { type Channel } from './domain/channel';
export { listChannelsOf } from './app/list-channels';
