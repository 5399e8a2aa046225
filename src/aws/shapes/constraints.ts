import type { Pattern, ScalarShape, Shape, StringShape } from './shape.ts';

export interface Constraint {
  /** AWS's own sentence (fidelity facts, section 2.2). */
  readonly sentence: string;
  holds(value: unknown): boolean;
}

/** The constraints a shape puts on a value by itself, in AWS's order: maximum, minimum, then pattern or enum. */
export function constraintsOf(shape: Shape): Constraint[] {
  switch (shape.kind) {
    case 'string':
      return [...boundConstraints(shape, `${subjectOf(shape)} have length`, lengthOf), ...contentConstraints(shape)];
    case 'blob':
    case 'list':
      return boundConstraints(shape, 'Member must have length', lengthOf);
    case 'integer':
    case 'long':
      return boundConstraints(shape, 'Member must have value', Number);
    case 'boolean':
    case 'structure':
      return [];
  }
}

/**
 * What a list says when one of its scalar members is refused: everything the member's shape asks for, in the model's
 * wording, whichever part of it was violated.
 */
export function nestedSentence(member: ScalarShape): string {
  const worded = member.kind === 'string' ? { ...member, wording: 'model' as const } : member;
  return `Member must satisfy constraint: [${constraintsOf(worded)
    .map((constraint) => constraint.sentence)
    .join(', ')}]`;
}

function subjectOf(shape: StringShape): string {
  return shape.wording === 'service' ? 'must' : 'Member must';
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

function boundConstraints({ min, max }: Bounds, must: string, measure: (value: unknown) => number): Constraint[] {
  const constraints: Constraint[] = [];
  if (max !== undefined) {
    constraints.push({ sentence: `${must} less than or equal to ${max}`, holds: (value) => measure(value) <= max });
  }
  if (min !== undefined) {
    constraints.push({ sentence: `${must} greater than or equal to ${min}`, holds: (value) => measure(value) >= min });
  }
  return constraints;
}

function contentConstraints(shape: StringShape): Constraint[] {
  const constraints: Constraint[] = [];
  if (shape.pattern) constraints.push(patternConstraint(shape, shape.pattern));
  const values = shape.enum;
  if (values) {
    const sentence = `${subjectOf(shape)} satisfy enum value set: [${values.join(', ')}]`;
    constraints.push({ sentence, holds: (value) => typeof value === 'string' && values.includes(value) });
  }
  return constraints;
}

function patternConstraint(shape: StringShape, { printed, expression }: Pattern): Constraint {
  const sentence =
    shape.wording === 'service'
      ? `must satisfy regular expression '${printed}'`
      : `Member must satisfy regular expression pattern: ${printed}`;
  return { sentence, holds: (value) => typeof value === 'string' && expression.test(value) };
}

/** Code points of a text, bytes of a blob, elements of a list. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return countCharacters(value);
  return value instanceof Uint8Array || Array.isArray(value) ? value.length : Number.NaN;
}

/** Every lead surrogate (U+D800 to U+DBFF) and the trail behind it are one character. */
function countCharacters(text: string): number {
  let pairs = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit <= 0xdbff) pairs++;
  }
  return text.length - pairs;
}
