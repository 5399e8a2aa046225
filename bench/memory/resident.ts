import { readFile, writeFile } from 'node:fs/promises';

/** Why the memory of a process cannot be watched here; `undefined` when it can. */
export async function whyNoResident(): Promise<string | undefined> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return status.includes('VmHWM') ? undefined : 'the system does not say how much memory a process has resident';
}

/** How much memory the process has resident now, in bytes. */
export async function resident(pid: number): Promise<number> {
  return field(pid, 'VmRSS');
}

/** Does the work and answers the most that the process had resident meanwhile, in bytes. The system itself keeps the mark. */
export async function peakDuring(pid: number, work: () => Promise<void>): Promise<number> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
  await work();
  return field(pid, 'VmHWM');
}

async function field(pid: number, name: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`There is no ${name} of process ${pid}`);
  return Number(kilobytes) * 1024;
}
