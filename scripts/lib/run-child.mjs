import { spawn } from 'node:child_process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs Node with `args` on this terminal, passes signals on and resolves with its exit code.
 *
 * A Ctrl-C reaches the whole process group by itself, so passing it on as well would count twice; it is passed on only
 * where there is no terminal.
 */
export function runChild(args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', ...options });
    const passed = new Set();
    const handlers = SIGNALS.map((signal) => {
      const pass = () => {
        passed.add(signal);
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      };
      process.on(signal, pass);
      return [signal, pass];
    });
    const forget = () => handlers.forEach(([signal, pass]) => process.off(signal, pass));
    child.once('error', (error) => {
      forget();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      forget();
      if (signal !== null && !passed.has(signal)) console.error(`Ended by ${signal}.`);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}
