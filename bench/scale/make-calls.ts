import type { Connection } from '../data/connection.ts';
import { signCall } from './signed-call.ts';
import type { Calls } from './work.ts';

/** A job made ready: what takes processor and is not the servers' is done. */
export interface Task {
  /** Does the next unit over one of the connections, to the server of this number; answers whether there was one left. */
  next(connection: Connection, server: number): Promise<boolean>;
  /** Judges the answers, when the clock has stopped, and answers what of them was wanted. */
  finish(): readonly string[];
}

export function prepareCalls(
  { operation, inputs, seconds, keep, empty, full }: Calls,
  origins: readonly string[],
): Task {
  // By the server that each goes to: its name is signed.
  const calls = inputs.map((input, at) => signCall(origins[at % origins.length] ?? '', operation, input));
  const rests = origins.map((_, server) => server);
  const keepBody = keep !== undefined || full !== undefined;
  const bodies = new Map<number, Buffer>();
  return {
    next: async (connection, server) => {
      const at = rests[server] ?? 0;
      rests[server] = at + origins.length;
      const turn = seconds === undefined ? at : at % turnsOf(calls.length, origins.length);
      const call = calls[turn];
      if (call === undefined) return false;
      // One answer to each is read while they are sent over and over again, and all of those that are sent once.
      const isRead = keepBody || (empty !== undefined && at < calls.length);
      const { body } = await connection.expect(200, 'POST', '/', { ...call, keepBody: isRead });
      if (body !== undefined) bodies.set(turn, body);
      return true;
    },
    finish: () => {
      const inOrder = [...bodies].sort(([one], [other]) => one - other);
      const answers = inOrder.map(([, body]) => JSON.parse(body.toString('utf8')));
      for (const answer of answers) {
        if (empty !== undefined && (answer[empty] ?? []).length > 0) throw new Error(JSON.stringify(answer[empty][0]));
        if (full !== undefined && answer[full.list]?.length !== full.length) {
          throw new Error(`${operation} answered ${answer[full.list]?.length} of ${full.length} ${full.list}`);
        }
      }
      return keep === undefined ? [] : answers.map((answer) => String(answer[keep]));
    },
  };
}

/** So many of the calls that each server has as many of them, in turns. */
function turnsOf(calls: number, servers: number): number {
  return calls - (calls % servers);
}
