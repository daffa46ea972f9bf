// What the container of the command line tools runs: docker compose run --rm cli COMMAND.
import { inCompose } from './lib/surroundings.mjs';

const commands = {
  login: 'where the system is, and who may log in first',
  token: 'a fresh token and nothing else',
  env: 'the variables of the examples in the documentation, for eval',
  tail: 'every event as it happens',
  publish: 'publishes an event',
  demo: 'creates a user, changes it and deletes it',
  telephones: 'a device for each telephone of the demo switch',
};

const help = `docker compose run --rm cli COMMAND [options]

The commands of npm run, for the system that docker compose up started; options follow without "--". COMMAND --help shows
what each takes.

${Object.entries(commands)
  .map(([name, what]) => `  ${name.padEnd(20)}  ${what}`)
  .join('\n')}`;

const [name] = process.argv.splice(2, 1);
if (name === undefined || name === '--help' || name === '-h') {
  console.log(help);
} else if (!Object.hasOwn(commands, name)) {
  console.error(`There is no command ${name}; there are ${Object.keys(commands).join(', ')}.`);
  process.exitCode = 1;
} else {
  inCompose();
  await import(`./${name}.mjs`);
}
