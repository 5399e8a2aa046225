/** Images are numbered in push order over the whole folder: `number` is in repository `floor(number / size)`. */
export interface SizePlan {
  /** Images a repository. */
  readonly size: number;
  readonly repositories: number;
  /** Deletions with nothing else going on. */
  readonly phases: readonly Phase[];
  /** Deleted beside pushes and pulls, their bytes watched. */
  readonly space: readonly number[];
  /** Never deleted: pulled, and named again by PutImage. */
  readonly sample: readonly number[];
  /** How long pushes and pulls are measured alone, and how long deletions may go on beside them. */
  readonly seconds: number;
}

export interface Phase {
  readonly order: 'oldest first' | 'random';
  readonly clients: number;
  readonly images: readonly number[];
}

export const MANY_CLIENTS = 4;
/** What one call of BatchDeleteImage takes at most. */
export const IDS_A_CALL = 100;

const SAMPLE = 20;
const PHASES = [
  { order: 'oldest first', clients: 1 },
  { order: 'random', clients: 1 },
  { order: 'oldest first', clients: MANY_CLIENTS },
  { order: 'random', clients: MANY_CLIENTS },
] as const;

/**
 * From 100k on there is one repository, and every phase takes images of its own from it. Smaller ones would be empty before
 * there is anything to measure, so there are several, and each phase takes whole repositories; the first keeps its images.
 */
export function planOf(size: number, smoke: boolean, space: number, each = imagesAPhase(size, smoke)): SizePlan {
  const seconds = smoke ? 1 : 10;
  const whole = (count: number) => Math.ceil(count / size) * size;
  if (size < 100_000) {
    const taken = whole(each);
    const phases = PHASES.map((phase, position) => {
      const images = range(size + position * taken, taken);
      return { ...phase, images: phase.order === 'random' ? shuffledWithin(images, size) : images };
    });
    const first = size + PHASES.length * taken;
    return {
      size,
      repositories: (first + whole(space)) / size,
      phases,
      space: range(first, space),
      sample: range(size - SAMPLE, SAMPLE),
      seconds,
    };
  }
  const oldest = 2 * each;
  const rest = shuffled(range(oldest + space, size - SAMPLE - oldest - space));
  const phases = PHASES.map((phase, position) => {
    const from = Math.floor(position / 2) * each;
    return { ...phase, images: phase.order === 'random' ? rest.slice(from, from + each) : range(from, each) };
  });
  return {
    size,
    repositories: 1,
    phases,
    space: range(oldest, space),
    sample: range(size - SAMPLE, SAMPLE),
    seconds,
  };
}

function imagesAPhase(size: number, smoke: boolean): number {
  if (smoke) return 100;
  return size >= 1_000_000 ? 20_000 : size >= 10_000 ? 10_000 : 5_000;
}

/** One call's worth after the other, none over two repositories. */
export function batchesOf(plan: SizePlan, images: readonly number[]): readonly (readonly number[])[] {
  const batches: number[][] = [];
  let last: number[] = [];
  for (const image of images) {
    const [first] = last;
    const full = first === undefined || last.length === IDS_A_CALL;
    if (full || Math.floor(first / plan.size) !== Math.floor(image / plan.size)) {
      last = [];
      batches.push(last);
    }
    last.push(image);
  }
  return batches;
}

export function repositoryName(repository: number): string {
  return `bench/repository-${repository}`;
}

export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, offset) => first + offset);
}

function shuffledWithin(images: readonly number[], size: number): number[] {
  return range(0, images.length / size).flatMap((part) => shuffled(images.slice(part * size, (part + 1) * size)));
}

function shuffled(numbers: readonly number[]): number[] {
  const result = [...numbers];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other] ?? 0, result[last] ?? 0];
  }
  return result;
}
