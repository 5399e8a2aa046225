import type { AdminServer } from '../../admin/support/admin-server.ts';
import { begin, type Run, run } from '../fake-terminal.ts';

/** The program on a real server: it is named by the environment, and signs by its clock. */
export function berthOn(server: AdminServer) {
  const around = (options: Run): Run => ({
    clock: server.clock,
    ...options,
    env: { BERTH_ENDPOINT: server.endpoint, ...options.env },
  });
  return {
    run: (argv: readonly string[], options: Run = {}) => run(argv, around(options)),
    begin: (argv: readonly string[], options: Run = {}) => begin(argv, around(options)),
  };
}

/** What `--json` printed: a document a line. */
export function documents(out: string): Record<string, unknown>[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
