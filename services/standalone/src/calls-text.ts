import type { Settings } from '@ringdown/config';

type CallSettings = Pick<Settings, 'callSource' | 'callSwitch' | 'asteriskHost' | 'asteriskAmiPort'>;

/** Where calls come from, for people. */
export function callsText({ callSource, callSwitch, asteriskHost, asteriskAmiPort }: CallSettings): string {
  switch (callSource) {
    case 'simulator':
      return `made up by the simulator (switch ${callSwitch ?? callSource})`;
    case 'asterisk':
      return `Asterisk at ${asteriskHost}:${asteriskAmiPort} (switch ${callSwitch ?? callSource})`;
    default:
      return 'none, unless others publish them';
  }
}

/** The same of conversations. */
export function chatsText({ messagingSimulator }: Pick<Settings, 'messagingSimulator'>): string {
  return messagingSimulator === true ? 'made up, in the channel Demo' : 'none, unless visitors write';
}
