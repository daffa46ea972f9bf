import { listChannels } from '@ringdown/contracts';
import { ofStranger } from '../testing/entries';
import { Folded } from '../testing/folded';
import { listChannelsOf } from './list-channels';

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

describe('a page of channels', () => {
  it('ends early rather than become too large for a message', () => {
    const body = { custom_application_vars: { v: '\u0001'.repeat(4_000) } };
    const log = new Folded();
    for (let n = 0; n < 1_000; n += 1) {
      log.read(ofStranger('CHANNEL_CREATE', { callId: `wild-${n.toString().padStart(3, '0')}`, body }));
    }

    const ids: string[] = [];
    let pages = 0;
    let after: string | undefined;
    do {
      const page = listChannelsOf(log.registry, { after }, 0);
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(MAX_MESSAGE_BYTES);
      ids.push(...page.channels.map((channel) => channel.call_id));
      after = page.next;
      pages += 1;
    } while (after !== undefined);
    expect(pages).toBe(2);
    expect(ids).toEqual(log.ids);
  });

  it('has a thousand channels at most, and tells when there are more', () => {
    const log = new Folded();
    for (let n = 0; n < 1_000; n += 1) log.read(ofStranger('CHANNEL_CREATE', { callId: `n${n}` }));
    expect(listChannelsOf(log.registry, {}, 7)).toMatchObject({ offset: 7 });
    expect(listChannelsOf(log.registry, {}, 7)).not.toHaveProperty('next');

    log.read(ofStranger('CHANNEL_CREATE', { callId: 'one-more' }));
    const page = listChannelsOf(log.registry, {}, 7);
    expect(page.channels).toHaveLength(1_000);
    expect(page.next).toBeDefined();
  });

  it.each(['\u3042', '\u0001', '\ud800'])(
    'can be asked for whatever the ids before it are made of: %j',
    (letter) => {
      const log = new Folded();
      for (const end of ['a', 'b']) {
        log.read(ofStranger('CHANNEL_CREATE', { callId: letter.repeat(511) + end }));
      }

      const { next } = listChannelsOf(log.registry, { limit: 1 }, 0);
      expect(listChannels.request.validate({ after: next }).error).toBeUndefined();
      expect(listChannelsOf(log.registry, { after: next }, 0).channels).toHaveLength(1);
    },
  );
});
