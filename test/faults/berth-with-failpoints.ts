/**
 * Loaded before the program: kills the process at the n-th hit of one failpoint, counted from SIGUSR2 on, so that a start and
 * a look around come first; or, for a command that has neither, from the beginning.
 */
import process from 'node:process';

interface Failpoints {
  onFailpoint(handler: (name: string) => void): void;
}

const wanted = process.env['FAILPOINT'];
let left = Number(process.env['FAILPOINT_HIT'] ?? 1);
let armed = process.env['FAILPOINT_FROM'] === 'the beginning';
process.on('SIGUSR2', () => {
  armed = true;
});

const { onFailpoint } = (await import(new URL('../../src/model/failpoint.ts', import.meta.url).href)) as Failpoints;
onFailpoint((name) => {
  if (!armed || name !== wanted) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
});
