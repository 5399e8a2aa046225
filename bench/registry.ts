/**
 * Images pushed, manifests read and images deleted a second, Berth beside Debian's docker-registry, in turn and in one run,
 * as ratios. `--smoke` is a small size that shows that the benchmark works, and nothing about speed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBerthContender } from './berth.ts';
import { type Contender, each, pushImage, readManifest } from './contender.ts';
import { startDockerRegistry } from './docker-registry.ts';
import { type BenchImage, makeImages } from './images.ts';

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    images: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '8' },
  },
});
const count = values.smoke ? 100 : Number(values.images);
const rounds = values.smoke ? 1 : Number(values.rounds);
const concurrency = Number(values.concurrency);

const MEASURES = ['images pushed', 'manifests read', 'images deleted'] as const;
type Rates = Record<(typeof MEASURES)[number], number>;

const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
try {
  await run();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  await using berth = await startBerthContender(join(folder, 'berth'));
  await using peer = await startDockerRegistry(folder);
  const contenders = peer ? [berth, peer] : [berth];
  if (!peer) print('docker-registry is not installed: no ratios');
  print(`${count} images a round (a config and two layers of 4 KiB each), ${rounds} rounds, ${concurrency} clients`);

  const results = new Map<string, Rates[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const rates = await measure(contender, `bench/round-${round}`, makeImages(count));
      results.get(contender.name)?.push(rates);
      print(
        `round ${round} ${contender.name}: ${MEASURES.map((name) => `${name} ${rates[name].toFixed(0)}/s`).join(', ')}`,
      );
    }
  }
  for (const name of MEASURES) {
    const [own, other] = contenders.map((contender) =>
      median((results.get(contender.name) ?? []).map((rates) => rates[name])),
    );
    const ratio =
      own !== undefined && other !== undefined
        ? `, docker-registry ${other.toFixed(0)}/s, ratio ${(own / other).toFixed(2)}`
        : '';
    print(`median ${name} a second: berth ${own?.toFixed(0)}/s${ratio}`);
  }
}

async function measure(contender: Contender, repository: string, images: readonly BenchImage[]): Promise<Rates> {
  const rate = async (work: () => Promise<void>) => {
    const started = performance.now();
    await work();
    return (images.length * 1000) / (performance.now() - started);
  };
  return {
    'images pushed': await rate(() => each(images, concurrency, (image) => pushImage(contender, repository, image))),
    'manifests read': await rate(() =>
      each(images, concurrency, (image) => readManifest(contender, repository, image)),
    ),
    'images deleted': await rate(() => contender.deleteAll(repository, images, concurrency)),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
