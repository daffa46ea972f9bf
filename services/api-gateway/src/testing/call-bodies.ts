import type { SeededRandom } from './seeded-random';

const modules = [
  'hangup',
  'break',
  'transfer',
  'hold',
  'hold_control',
  'resume',
  'park',
  'play',
  'record_call',
  'intercept',
  'move',
  'callflow',
  'tts',
  'say',
  'pivot',
  'relate',
  'audio_level',
  'sound_touch',
  'explode',
  'constructor',
  '',
];
const actions = [...modules, 'start_record', 'stop_record', 'metaflow', 'kick', 'mute', 'unlock'];
const members = [
  'target',
  'transfer-type',
  'transfer_type',
  'takeback_dtmf',
  'moh',
  'moh_aleg',
  'unhold_key',
  'id',
  'media_id',
  'leg',
  'target_type',
  'target_id',
  'unbridged_only',
  'auto_answer',
  'can_call_self',
  'dial_strategy',
  'device_id',
  'owner_id',
  'action',
  'module',
  'data',
  'children',
  'slot',
  'format',
  'label',
  'media_name',
  'time_limit',
  'captures',
  'collected',
  'flow',
  'participant_id',
  'voice_url',
  'hasOwnProperty',
  'toString',
  'a.b/c~d',
  '☎',
  '',
];
/** Values that some member takes, and values that none does. */
const values: readonly unknown[] = [
  '2600',
  '2600',
  'blind',
  'attended',
  'device',
  'user',
  'number',
  'self',
  'both',
  'start',
  'toggle',
  'hold',
  'wav',
  '*1',
  'https://x.example/',
  true,
  false,
  60,
  0,
  -1,
  1.5,
  1e300,
  null,
  '',
  ' ',
  '☎'.repeat(200),
  '𝟚'.repeat(200),
  'x'.repeat(300),
  [],
  ['x'],
  [[[]]],
  {},
  { id: '2600' },
  { toString: null },
  '__proto__',
  '=1+1',
  'line\r\nline',
];

/** Random bodies of commands: mostly plausible, so that some get through. */
export class CallBodies {
  constructor(private readonly random: SeededRandom) {}

  /** A metaflow node. */
  node(depth = 1): unknown {
    if (this.random.below(40) === 0) return this.random.pick(values);
    const node: Record<string, unknown> = { module: this.random.pick(modules) };
    if (this.random.below(4) > 0) node['data'] = this.members();
    if (depth < 20 && this.random.below(3) === 0) {
      const count = this.random.below(4);
      const digits = ['1', '2', '*', '_', '☎', 'x'.repeat(70), ''];
      node['children'] = Object.fromEntries(
        Array.from({ length: count }, () => [this.random.pick(digits), this.node(depth + 1)]),
      );
    }
    if (this.random.below(20) === 0) node[this.random.pick(members)] = this.random.pick(values);
    return node;
  }

  /** The `data` of an action. */
  action(): Record<string, unknown> {
    return { action: this.random.pick(actions), ...this.members(), ...this.targets() };
  }

  /** A whole body of any of the commands. */
  body(): unknown {
    switch (this.random.below(6)) {
      case 0:
        return { action: 'metaflow', data: this.node() };
      case 1:
        return { action: 'metaflow', data: { data: this.node() } };
      case 2:
        return { data: { action: 'metaflow', data: this.node() } };
      case 3:
        return { action: this.random.pick(actions), data: this.members() };
      case 4:
        return this.random.pick(values);
      default:
        return { data: this.action() };
    }
  }

  private members(): Record<string, unknown> {
    const count = this.random.below(5);
    const entries = Array.from({ length: count }, () => [this.random.pick(members), this.value()] as const);
    return { ...(this.random.below(2) === 0 ? this.targets() : {}), ...Object.fromEntries(entries) };
  }

  private value(): unknown {
    return this.random.below(10) === 0 ? this.members() : this.random.pick(values);
  }

  /** What most commands need. */
  private targets(): Record<string, unknown> {
    if (this.random.below(2) === 0) return {};
    return { target: '2600', id: 'flow', target_type: 'user', target_id: 'u', media_id: 'm' };
  }
}
