import { readFile } from 'node:fs/promises';

/** The kernel's clock ticks a second, which Linux has fixed for programs. */
const TICKS = 100;

/** What these processes have computed so far, and those that they have started, as far as they have ended. */
export async function processorSeconds(pids: readonly number[]): Promise<number> {
  const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return all.reduce((sum, stat) => {
    // The name of the program comes in parentheses and may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [own, systems, ended, endedSystems] = fields.slice(11, 15).map(Number);
    return sum + ((own ?? 0) + (systems ?? 0) + (ended ?? 0) + (endedSystems ?? 0)) / TICKS;
  }, 0);
}

/** What they have resident now, in bytes; what they share counts in each. */
export async function residentBytes(pids: readonly number[]): Promise<number> {
  const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')));
  return all.reduce((sum, status) => sum + Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024, 0);
}
