import { banner, type BannerFacts } from './banner';
import { callsText, chatsText } from './calls-text';
import { serverName } from './server-name';

const facts: BannerFacts = {
  notReady: [],
  host: '127.0.0.1',
  apiPort: 8000,
  wsPort: 5555,
  broker: 'embedded, in this process',
  database: 'embedded (PGlite), in /data',
  calls: 'made up by the simulator',
  chats: 'made up, in the channel Demo',
  accountName: 'demo',
  accountId: 'a'.repeat(32),
  username: 'admin',
  password: 'a password',
  passwordSource: '/data/bootstrap-password',
  usualPasswordSource: '/data/bootstrap-password',
};

describe('the banner', () => {
  it('tells where everything is, who may log in, and what to try', () => {
    const text = banner(facts);

    for (const part of [
      'Ringdown is ready.',
      'http://127.0.0.1:8000/',
      'http://127.0.0.1:8000/v2',
      'ws://127.0.0.1:5555/',
      'ws://127.0.0.1:8000/ws',
      facts.broker,
      facts.database,
      facts.calls,
      facts.chats,
      'a'.repeat(32),
      'admin',
      'a password',
      '/data/bootstrap-password',
      'npm run tail',
      'npm run demo',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('gives lines to paste that find it, wherever it is', () => {
    expect(banner(facts)).toMatch(/^ {2}npm run tail$/m);

    const elsewhere = banner({ ...facts, apiPort: 18000, passwordSource: '/other/bootstrap-password' });

    const options = '-- --url http://127.0.0.1:18000 --password-file /other/bootstrap-password';
    expect(elsewhere).toContain(`npm run tail ${options}\n`);
    expect(elsewhere).toContain(`npm run demo ${options}\n`);
  });

  it('does not say that it is ready when it is not, but why', () => {
    const text = banner({
      ...facts,
      notReady: ['call-producer switch: no connection', 'blackhole broker: gone'],
    });

    expect(text).not.toContain('is ready.');
    expect(text).toContain('not ready yet');
    expect(text).toMatch(/^ {2}call-producer switch: no connection$/m);
    expect(text).toMatch(/^ {2}blackhole broker: gone$/m);
    expect(text).toContain('http://127.0.0.1:8000/v2');
  });

  it('does not show a password that the database does not know', () => {
    const text = banner({ ...facts, password: undefined, accountId: undefined });

    expect(text).toContain('made with another');
    expect(text).not.toContain('a password');
  });

  it.each([
    ['0.0.0.0', 'http://localhost:8000/'],
    ['::1', 'http://[::1]:8000/'],
  ])('makes a URL to click of %s', (host, url) => expect(banner({ ...facts, host })).toContain(url));
});

describe('serverName', () => {
  it.each([
    ['amqp://user:hunter2@host:5672/vhost?heartbeat=1', 'amqp://host:5672/vhost'],
    ['postgres://user:hunter2@host/db', 'postgres://host/db'],
    ['amqp://host', 'amqp://host'],
  ])('shows %s as %s', (url, name) => expect(serverName(url)).toBe(name));
});

describe('callsText', () => {
  const settings = { callSwitch: undefined, asteriskHost: 'pbx.example', asteriskAmiPort: 5038 } as const;

  it.each([
    ['simulator', 'made up by the simulator (switch simulator)'],
    ['asterisk', 'Asterisk at pbx.example:5038 (switch asterisk)'],
    ['none', 'none, unless others publish them'],
  ] as const)('says of %s: %s', (callSource, text) => {
    expect(callsText({ ...settings, callSource })).toBe(text);
  });

  it('names the switch as it was named', () => {
    expect(callsText({ ...settings, callSource: 'simulator', callSwitch: 'lab' })).toContain('(switch lab)');
  });
});

describe('chatsText', () => {
  it('says whether conversations are made up', () => {
    expect(chatsText({ messagingSimulator: true })).toBe('made up, in the channel Demo');
    expect(chatsText({ messagingSimulator: false })).toBe('none, unless visitors write');
  });
});
