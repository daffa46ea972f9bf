// The one-shot service init: every secret of the composed system, each in the volume of those who need it.
import { readFileSync } from 'node:fs';
import { makeSecrets, renewSecret, secrets } from '../../scripts/lib/secret-files.mjs';
import { runTool, ToolError } from '../../scripts/lib/tool.mjs';

const names = Object.keys(secrets).join(', ');

const help = `docker compose run --rm init [renew NAME | set NAME]

Without arguments makes the secrets that are missing, as docker compose up does before anything else.

  renew NAME            a new secret in the place of the present one
  set NAME              the secret from standard input (with run -T)

NAME is one of ${names}. Those who know it read it at their next start; which are
to be started again is said when it is done.`;

const places = {
  folder: '/run/ringdown',
  data: '/data',
  rabbitmqConf: readFileSync(new URL('rabbitmq.conf', import.meta.url), 'utf8'),
};

await runTool({
  help,
  positionals: true,
  async main(_values, [action, name, ...rest]) {
    if (action === undefined) {
      const made = makeSecrets(places);
      console.log(made.length === 0 ? 'All secrets are there.' : `Made the secrets ${made.join(', ')}.`);
      return;
    }
    if (!['renew', 'set'].includes(action) || rest.length > 0)
      throw new ToolError('What to do? renew NAME or set NAME; --help shows more.');
    if (!Object.hasOwn(secrets, name ?? '')) throw new ToolError(`Which secret? One of ${names}.`);
    const value = action === 'set' ? readFileSync(0, 'utf8').replace(/\r?\n$/, '') : undefined;
    const next = renewSecret(name, value, places);
    console.log(`The secret ${name} is another one now. ${next}`);
  },
});
