import { withSettings, type Settings } from '@ringdown/config';

/**
 * What one process does unless told otherwise: it makes up calls and conversations, so that there is something to see,
 * and lets the super admin list the calls of all accounts. A line per request would hide what the banner says.
 */
export function withLocalCalls(settings: Settings): Settings {
  return withSettings(settings, {
    callSource: settings.callSource ?? 'simulator',
    logRequests: settings.logRequests ?? false,
    messagingSimulator: settings.messagingSimulator ?? true,
    channelsSystemWideList: settings.channelsSystemWideList ?? true,
  });
}
