import type { Settings } from '../config/settings.ts';
import { StartupRefusal } from '../config/startup-refusal.ts';

/** What the operating system said, as a sentence for the person who started the server; undefined if it is no such thing. */
export function asRefusal(error: unknown, settings: Settings): StartupRefusal | undefined {
  if (error instanceof StartupRefusal) return error;
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const syscall = 'syscall' in error ? error.syscall : undefined;
  const path = 'path' in error ? error.path : undefined;
  const sentence =
    syscall === 'listen' || syscall === 'getaddrinfo'
      ? listening(error.code, settings)
      : typeof path === 'string' && isWithin(settings.dataDir, path)
        ? writing(error.code, settings, path)
        : undefined;
  return sentence === undefined ? undefined : new StartupRefusal(sentence, { cause: error });
}

function listening(code: string, { host, port }: Settings): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken by another process.\nStop that process, or choose a port: --port 0 picks a free one.`;
    case 'EACCES':
    case 'EPERM':
      return `This user may not listen on port ${port}.\nChoose a port above 1023: --port 4327.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine.\nChoose one that is: --host 127.0.0.1.`;
    default:
      return undefined;
  }
}

function writing(code: string, { dataDir }: Settings, path: string): string | undefined {
  const advice = 'Choose another folder with --data-dir.';
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `The data folder ${dataDir} cannot be used: this user may not write ${path}.\n${advice}`;
    case 'EROFS':
      return `The data folder ${dataDir} cannot be used: its file system is read-only.\n${advice}`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `The data folder ${dataDir} cannot be used: ${path} is not a folder.\n${advice}`;
    case 'ENOSPC':
      return `The data folder ${dataDir} cannot be used: its disk is full.\nFree some space, or choose another folder with --data-dir.`;
    default:
      return undefined;
  }
}

/** The folder itself, what lies in it, or a folder above it that could not be made or entered. */
function isWithin(dataDir: string, path: string): boolean {
  if (dataDir === '') return false;
  return path === dataDir || path.startsWith(`${dataDir}/`) || dataDir.startsWith(`${path}/`);
}
