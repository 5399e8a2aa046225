import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';

/** Bytes that a manifest names, in a file. */
export interface Part {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly path: string;
}

export interface RealImage {
  readonly config: Part;
  readonly layers: readonly Part[];
  readonly manifest: Buffer;
  readonly digest: string;
  /** Bytes of config and layers. */
  readonly size: number;
}

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** An image that would run: the Node runtime as one layer, this project's dependencies and sources as two others. */
export async function buildRealImage(project: string, folder: string): Promise<RealImage> {
  const runtime = await realpath(process.execPath);
  const layers = [
    await layerOf({
      cwd: dirname(runtime),
      entries: ['node'],
      prefix: 'usr/local/bin',
      to: join(folder, 'runtime.tar'),
    }),
    await layerOf({
      cwd: project,
      entries: await dependenciesOf(project),
      prefix: 'app',
      to: join(folder, 'modules.tar'),
    }),
    await layerOf({
      cwd: project,
      entries: ['src', 'bin', 'package.json'],
      prefix: 'app',
      to: join(folder, 'sources.tar'),
    }),
  ];
  const config = await configOf(layers, join(folder, 'config.json'));
  const describe = ({ mediaType, digest, size }: Part) => ({ mediaType, digest, size });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: describe(config),
      layers: layers.map(describe),
    }),
  );
  const size = [config, ...layers].reduce((sum, part) => sum + part.size, 0);
  return { config, layers, manifest, digest: sha256(manifest), size };
}

/** The folders of the packages that Berth needs to run, as npm recorded them. */
async function dependenciesOf(project: string): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional)
    .map(([path]) => path);
}

async function layerOf(layer: { cwd: string; entries: readonly string[]; prefix: string; to: string }): Promise<Part> {
  const { cwd, entries, prefix, to } = layer;
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform: (chunk, _encoding, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const archive = create({ cwd, prefix, portable: true, mtime: new Date(0) }, [...entries]);
  await pipeline(archive, hashing, createWriteStream(to));
  const digest = `sha256:${hash.digest('hex')}`;
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: (await stat(to)).size, path: to };
}

async function configOf(layers: readonly Part[], path: string): Promise<Part> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: process.platform,
      config: { Entrypoint: ['/usr/local/bin/node', '/app/bin/berth.js'], WorkingDir: '/app' },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  );
  await writeFile(path, config);
  return { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length, path };
}

export function read(part: Part, range?: { start: number; end: number }) {
  return createReadStream(part.path, range);
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
