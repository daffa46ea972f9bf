import { parseArgs } from 'node:util';
import { requireSupportedNode } from './check-node.mjs';
import { ToolError } from './tool-error.mjs';

export { ToolError };

/** Options that every tool which talks to a running system takes. */
export const connectionOptions = {
  url: { type: 'string' },
  user: { type: 'string' },
  account: { type: 'string' },
  'password-file': { type: 'string' },
};

export const connectionHelp = `  --url URL             the server (RINGDOWN_URL; default http://127.0.0.1:8000)
  --user NAME           login name (RINGDOWN_USER; default admin)
  --account NAME        account name (RINGDOWN_ACCOUNT; default demo)
  --password-file FILE  file with the password (RINGDOWN_PASSWORD_FILE; default: the one npm start keeps)`;

/**
 * Runs a command line tool: reads its options, shows its help, turns a ToolError into one line and exit code 1.
 *
 * @param {{ help: string, options?: object, positionals?: boolean,
 *   main: (values: object, positionals: string[]) => Promise<number | void> }} tool
 */
export async function runTool({ help, options = {}, positionals: allowPositionals = false, main }) {
  requireSupportedNode();
  try {
    const { values, positionals } = parse(options, allowPositionals);
    if (values.help) console.log(help);
    else process.exitCode = (await main(values, positionals)) ?? 0;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

function parse(options, allowPositionals) {
  try {
    return parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } }, allowPositionals });
  } catch (error) {
    throw new ToolError(`${error.message.split('. ')[0]}. --help shows what there is.`);
  }
}
