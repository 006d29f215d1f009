/** A step of a parsed path that asks a value for one of its elements, as the library makes it. */
interface Step {
  readonly name: string;
  evalValue(typed: { value?: unknown }): unknown;
}

const isStep = (node: object): node is Step =>
  'evalValue' in node && typeof node.evalValue === 'function' && 'name' in node && typeof node.name === 'string';

/** Whether a name ends here, or goes on with that of a type, which begins with a capital. */
const isEndOrType = (code: number): boolean => Number.isNaN(code) || (code >= 65 && code <= 90);

/** Whether a value may have an element: under its name, as a choice (`valueQuantity` of `value`), or only with an extension (`_birthDate`). */
function mayHave(value: object, name: string): boolean {
  if (name in value || (value as { resourceType?: unknown }).resourceType === name) return true;
  for (const key in value) {
    const at = key.startsWith('_') ? 1 : 0;
    if (key.startsWith(name, at) && isEndOrType(key.charCodeAt(at + name.length))) return true;
  }
  return false;
}

/**
 * Spares the steps of a parsed path the search for elements that a value does not have. The library tries the names of all types of FHIR for
 * each of them, since the element might be a choice, and most elements that a view asks for are absent: a third of all time.
 */
export function skipAbsent<T>(parsed: T): T {
  const seen = new Set<object>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || seen.has(node)) return;
    seen.add(node);
    Object.values(node).forEach(visit);
    if (!isStep(node)) return;
    const { name } = node;
    const evaluate = node.evalValue.bind(node);
    node.evalValue = (typed) =>
      typeof typed.value === 'object' && typed.value !== null && !mayHave(typed.value, name)
        ? undefined
        : evaluate(typed);
  };
  visit(parsed);
  return parsed;
}
