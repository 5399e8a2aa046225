import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { resolveConfig } from '../../src/config/load-config.ts';
import { run } from '../cli/fake-terminal.ts';

const ROOT = join(import.meta.dirname, '../..');
const COMPOSE = join(ROOT, 'deploy/compose');
const read = (...path: string[]) => readFileSync(join(...path), 'utf8');

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}

const document = parse(read(COMPOSE, 'compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};
const services = Object.entries(document.services);
const ofBerth = services.filter(([, { image }]) => image === 'berth');
/** As compose puts in the defaults of variables that nobody has set. */
const plain = (environment: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')]),
  );

describe('deploy/compose/compose.yaml', () => {
  test('has two processes and what brings the database up to date before them', () => {
    expect(ofBerth.map(([name, { command }]) => [name, command])).toEqual([
      ['migrate', ['migrate']],
      ['berth-1', ['serve']],
      ['berth-2', ['serve']],
    ]);
    for (const name of ['berth-1', 'berth-2']) {
      expect(document.services[name]?.depends_on?.['migrate']?.condition).toBe('service_completed_successfully');
    }
  });

  test.each(ofBerth)('%s has settings that there are, with values that are taken', (_name, { environment }) => {
    const { settings, origins } = resolveConfig({
      flags: {},
      env: { HOME: '/home/node', ...plain(environment) },
      cwd: '/',
      readFile: () => undefined,
    });
    expect(settings.database).toEqual({ kind: 'postgres', url: 'postgres://berth@postgres/berth' });
    expect(settings.blobs).toEqual({ kind: 's3', bucket: 'images', prefix: 'berth' });
    expect([origins.s3Endpoint, settings.s3PathStyle]).toEqual(['BERTH_S3_ENDPOINT', true]);
  });

  test.each(ofBerth)('%s runs a command that there is, with flags that it has', async (_name, { command = [] }) => {
    const { code, err } = await run([...command, '--help']);
    expect([code, err]).toEqual([0, '']);
  });

  test('gives every service the same passwords that the others ask for', () => {
    const [postgres, s3, berth] = ['postgres', 's3', 'berth-1'].map((name) => document.services[name]?.environment);
    expect(berth?.['PGPASSWORD']).toBe(postgres?.['POSTGRES_PASSWORD']);
    expect(berth?.['AWS_ACCESS_KEY_ID']).toBe(s3?.['ROOT_ACCESS_KEY']);
    expect(berth?.['AWS_SECRET_ACCESS_KEY']).toBe(s3?.['ROOT_SECRET_KEY']);
  });

  test('waits for services that there are, in a way that they can fulfil', () => {
    const waits = services.flatMap(([name, { depends_on = {} }]) =>
      Object.entries(depends_on).map(([other, { condition }]) => ({ name, other, condition })),
    );
    expect(waits.length).toBeGreaterThan(5);
    for (const { other, condition } of waits) {
      const service = document.services[other];
      expect(service, other).toBeDefined();
      // Berth's own check is in its image.
      if (condition === 'service_healthy' && service?.image !== 'berth')
        expect(service?.healthcheck?.test).toBeDefined();
    }
  });

  test('mounts files and volumes that there are, and listens on this machine only', () => {
    for (const [, { volumes = [], ports = [] }] of services) {
      for (const [source = ''] of volumes.map((volume) => volume.split(':'))) {
        if (source.startsWith('.')) expect(existsSync(join(COMPOSE, source)), source).toBe(true);
        else expect(Object.keys(document.volumes)).toContain(source);
      }
      expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    }
  });

  test('has nginx share requests out to every process', () => {
    const upstreams = [...read(COMPOSE, 'nginx.conf').matchAll(/^\s*server ([a-z0-9-]+):4327 /gm)].map(
      ([, name]) => name,
    );
    expect(upstreams).toEqual(ofBerth.map(([name]) => name).filter((name) => name !== 'migrate'));
  });
});

describe('deploy/Dockerfile', () => {
  const dockerfile = read(ROOT, 'deploy/Dockerfile');

  test('copies what is there, and nothing that .dockerignore keeps out', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    );
    const admitted = read(ROOT, '.dockerignore').split('\n');
    expect(copied.length).toBeGreaterThan(5);
    for (const name of copied) {
      expect(existsSync(join(ROOT, name)), name).toBe(true);
      expect(admitted).toContain(`!${name}`);
    }
  });

  test('runs the Node that the package asks for, as nobody in particular, and says whether it is ready', () => {
    const { engines } = JSON.parse(read(ROOT, 'package.json')) as { engines: { node: string } };
    const images = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => `>=${major}`);
    expect(new Set(images)).toEqual(new Set([engines.node]));
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK .*\n.*\/readyz/m);
  });

  test('sets what there is to set', () => {
    const [, set = ''] = /^ENV (.+)$/m.exec(dockerfile) ?? [];
    const env = Object.fromEntries(set.split(' ').map((pair) => pair.split('=')));
    const { settings } = resolveConfig({ flags: {}, env, cwd: '/', readFile: () => undefined });
    expect(settings).toMatchObject({ host: '0.0.0.0', dataDir: '/var/lib/berth', logFormat: 'json' });
  });
});
