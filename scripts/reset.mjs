// npm run reset: deletes everything that npm start keeps.
import { createInterface } from 'node:readline/promises';
import { resetDataDir } from './lib/reset-data-dir.mjs';
import { dataDirOf } from './lib/target.mjs';
import { runTool, ToolError } from './lib/tool.mjs';

const help = `npm run reset [-- --yes]

Deletes the data directory of npm start (RINGDOWN_DATA_DIR, default .data): documents, accounts, secrets. Refuses while a
process uses it, and when the folder does not look like a data directory.

  --yes                 do not ask`;

await runTool({
  help,
  options: { yes: { type: 'boolean', short: 'y' } },
  async main(values) {
    const directory = dataDirOf(process.env);
    const outcome = await resetDataDir(directory, async () => {
      if (values.yes) return true;
      if (!process.stdin.isTTY)
        throw new ToolError('Nobody to ask on this terminal; say npm run reset -- --yes.');
      const questions = createInterface({ input: process.stdin, output: process.stdout });
      const answer = await questions.question(`Delete ${directory} with everything in it? [y/N] `);
      questions.close();
      return /^y(es)?$/i.test(answer.trim());
    });
    console.log(
      {
        absent: `${directory} does not exist; nothing to do.`,
        kept: 'Nothing was deleted.',
        deleted: `Deleted ${directory}.`,
      }[outcome],
    );
  },
});
