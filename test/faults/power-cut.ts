import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file system whose power can be cut: what was not forced to its device is gone. */
export interface Disk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
  /** Cuts the power, now: nothing that was not on the device gets there any more. */
  cut(): Promise<void>;
  /** Brings it back as it was on the device. Whatever used it must have ended. */
  restore(): Promise<void>;
}

/**
 * FS_IOC_SHUTDOWN without flushing the journal, in whatever language this machine has; each waits for a line first, so that
 * nothing has to be started at the moment of the cut.
 */
const CUTTERS: readonly (readonly [program: string, args: (path: string) => readonly string[], line: string])[] = [
  ['xfs_io', (path) => ['-x', path], 'shutdown\n'],
  [
    'python3',
    (path) => [
      '-c',
      'import fcntl,os,struct,sys; fd=os.open(sys.argv[1],os.O_RDONLY); print("ready",flush=True); sys.stdin.readline(); fcntl.ioctl(fd,0x8004587D,struct.pack("I",2))',
      path,
    ],
    'now\n',
  ],
  [
    'perl',
    (path) => [
      '-e',
      '$|=1; opendir(my $d,$ARGV[0]) or die; open(my $f,"<",$ARGV[0]) or die; print "ready\\n"; <STDIN>; ioctl($f,0x8004587D,pack("L",2)) or die "$!"',
      path,
    ],
    'now\n',
  ],
];

const SIZE = 320 * 1024 * 1024;
const MEMORY = '/dev/shm';

let reason: Promise<string | undefined> | undefined;

/** Why the power cannot be cut on this machine; `undefined` when it can. Tries it. */
export function whyNoPowerCuts(): Promise<string | undefined> {
  reason ??= tryOut();
  return reason;
}

async function tryOut(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'power cuts need Linux';
  if (process.getuid?.() !== 0) return 'power cuts need root, to mount a file system';
  if (!has('mkfs.ext4')) return 'mkfs.ext4 is not installed';
  if (!CUTTERS.some(([program]) => has(program))) return 'neither xfs_io nor python3 nor perl is installed';
  try {
    await using disk = await openDisk();
    const file = join(disk.path, 'unsynced');
    await writeFile(file, 'not forced to the device');
    await disk.cut();
    await disk.restore();
    return existsSync(file) ? 'this system does not lose what was not forced to the device' : undefined;
  } catch (error) {
    return `no file system can be mounted and cut off here: ${(error as Error).message}`;
  }
}

/** Makes an ext4 file system in a file, in memory where there is room, and mounts it. Disposing leaves nothing behind. */
export async function openDisk(): Promise<Disk> {
  const folder = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'berth-disk-'));
  const image = join(folder, 'image');
  const path = join(folder, 'mount');
  let cutter: Cutter | undefined;
  const mount = async () => {
    run('mount', ['-o', 'loop', image, path]);
    cutter = await startCutter(path);
  };
  const unmount = async () => {
    await cutter?.end();
    cutter = undefined;
    // What used it may take a moment to let go.
    for (let attempt = 0; attempt < 50 && isMounted(path); attempt++) {
      if (spawnSync('umount', [path]).status !== 0) await sleep(100);
    }
  };
  const dispose = async () => {
    await unmount();
    if (isMounted(path)) run('umount', ['-l', path]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeFile(image, '');
    await truncate(image, SIZE);
    await mkdir(path);
    run('mkfs.ext4', ['-q', '-F', image]);
    await mount();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    path,
    cut: async () => cutter?.cut(),
    restore: async () => {
      await unmount();
      if (isMounted(path)) throw new Error(`${path} is still in use`);
      await mount();
    },
    [Symbol.asyncDispose]: dispose,
  };
}

interface Cutter {
  cut(): Promise<void>;
  end(): Promise<void>;
}

async function startCutter(path: string): Promise<Cutter> {
  const [program, args, line] = CUTTERS.find(([name]) => has(name)) ?? [];
  if (program === undefined || args === undefined) throw new Error('nothing to cut the power with');
  const child: ChildProcess = spawn(program, args(path), { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  if (program !== 'xfs_io' && child.stdout) {
    for await (const said of createInterface({ input: child.stdout })) if (said === 'ready') break;
  }
  return {
    cut: async () => {
      child.stdin?.end(line);
      const [code] = await ended;
      if (code !== 0) throw new Error(`${program} could not cut the power`);
    },
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

function isMounted(path: string): boolean {
  return spawnSync('mountpoint', ['-q', path]).status === 0;
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, [...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr.trim()}`);
}
