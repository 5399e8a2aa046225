import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** Where programs are put that are not the system's: below the project, ignored by git. */
export const CLIENTS_FOLDER = join(ROOT, '.clients');

/** Where a client comes from. A version is there where it is ours to choose. */
export type Source =
  /** A package of Debian. */
  | { readonly kind: 'debian'; readonly package: string }
  /** The program of a Go module, built where Go is, if there are so many seconds left for it: what a large one takes. */
  | { readonly kind: 'go'; readonly program: string; readonly version: string; readonly seconds: number }
  /** A package of PyPI, in a virtual environment. */
  | { readonly kind: 'python'; readonly package: string; readonly version: string }
  /** A package of npm, among the project's dependencies for development. */
  | { readonly kind: 'npm'; readonly package: string; readonly version: string }
  /** Nothing of ours installs it. */
  | { readonly kind: 'machine' };

export interface Listed {
  /** The program to run. */
  readonly command: string;
  readonly source: Source;
}

/**
 * The clients that Berth is tried with, by the name that docs/clients.md gives them, and where each comes from. Those
 * of Go are built in this order: helm takes longer than the others together.
 */
export const CLIENTS = {
  'docker CLI': { command: 'docker', source: { kind: 'machine' } },
  skopeo: { command: 'skopeo', source: { kind: 'debian', package: 'skopeo' } },
  podman: { command: 'podman', source: { kind: 'debian', package: 'podman' } },
  buildah: { command: 'buildah', source: { kind: 'debian', package: 'buildah' } },
  crane: go('github.com/google/go-containerregistry/cmd/crane', 'v0.22.1'),
  oras: go('oras.land/oras/cmd/oras', 'v1.3.6'),
  regctl: go('github.com/regclient/regclient/cmd/regctl', 'v0.11.7'),
  'docker-credential-ecr-login': go(
    'github.com/awslabs/amazon-ecr-credential-helper/ecr-login/cli/docker-credential-ecr-login',
    'v0.12.0',
  ),
  helm: go('helm.sh/helm/v3/cmd/helm', 'v3.22.0', 180),
  'aws-cli 2': { command: '/usr/bin/aws', source: { kind: 'debian', package: 'awscli' } },
  'aws-cli 1': { command: 'aws', source: { kind: 'python', package: 'awscli', version: '1.46.3' } },
  boto3: { command: 'python', source: { kind: 'python', package: 'boto3', version: '1.44.5' } },
  'AWS SDK for JavaScript': {
    command: process.execPath,
    source: { kind: 'npm', package: '@aws-sdk/client-ecr', version: developedWith('@aws-sdk/client-ecr') },
  },
} as const satisfies Record<string, Listed>;

export type ClientName = keyof typeof CLIENTS;

/** The folder of a program that was built from this source, or of the virtual environment's programs. */
export function folderOf(source: Extract<Source, { kind: 'go' | 'python' }>): string {
  if (source.kind === 'python') return join(CLIENTS_FOLDER, 'python', 'bin');
  return join(CLIENTS_FOLDER, 'go', `${source.program.replaceAll('/', '_')}@${source.version}`);
}

/** What the program of a Go module is called once it is built. */
export function commandOf(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

function go(program: string, version: string, seconds = 0) {
  return { command: commandOf(program), source: { kind: 'go', program, version, seconds } } as const;
}

function developedWith(name: string): string {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return String(devDependencies[name]);
}
