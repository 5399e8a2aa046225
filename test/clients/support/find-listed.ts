import { basename, dirname, isAbsolute } from 'node:path';
import { CLIENTS, type ClientName, folderOf, type Listed } from '../catalogue.ts';
import { type Client, findClient } from './client.ts';

export interface Found {
  readonly client: Client;
  readonly command: string;
  readonly version: string;
  /** Whether the version is ours to choose. */
  readonly pinned: boolean;
  /** Where it comes from, in words. */
  readonly source: string;
}

/** A client of the catalogue, if this machine has it. */
export async function findListed(name: ClientName): Promise<Found | undefined> {
  const { command, source }: Listed = CLIENTS[name];
  const client = await findProgram({ command, source });
  if (client === undefined) return undefined;
  const pinned = 'version' in source;
  return {
    client,
    command: basename(command),
    version: pinned ? source.version.replace(/^v/, '') : await askVersion(client),
    pinned,
    source: describeSource({ command, source }),
  };
}

function findProgram({ command, source }: Listed): Promise<Client | undefined> {
  if (source.kind === 'go' || source.kind === 'python') return findClient(command, [folderOf(source)]);
  return isAbsolute(command) ? findClient(basename(command), [dirname(command)]) : findClient(command);
}

async function askVersion(client: Client): Promise<string> {
  const { stdout, stderr } = await client.run(['--version']);
  return /\d+(?:\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'unknown';
}

function describeSource({ source }: Listed): string {
  switch (source.kind) {
    case 'debian':
      return `Debian's package \`${source.package}\``;
    case 'go':
      return `\`go install ${source.program}@${source.version}\``;
    case 'python':
      return `\`pip install ${source.package}==${source.version}\``;
    case 'npm':
      return `\`npm install ${source.package}@${source.version}\``;
    case 'machine':
      return 'as the machine has it';
  }
}
