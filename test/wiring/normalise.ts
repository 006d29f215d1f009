/** Pairs of a physical name or ARN and the token that stands for it. */
export type Names = [name: string, token: string][];
export type Json = Record<string, unknown>;

/** A name inside a longer one is another resource's: `carelake-dev` is a workgroup, `carelake-dev-lake` is not. */
const whole = (name: string): RegExp =>
  new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`, 'g');

/** Attributes that name the resource itself; others (a key's ARN, a role's) name what it uses. */
const OWN_ARN = /^(Arn|AliasArn|Workgroup\.WorkgroupArn|Namespace\.NamespaceArn)$/;

/** Replaces every physical name and ARN by the logical id it stands for; longer names first, since ARNs hold names. */
export function normalised(value: unknown, names: Names): unknown {
  if (typeof value === 'string') {
    // A definition or policy that one side keeps as text and the other as an object must compare equal.
    if (/^[[{]/.test(value)) {
      try {
        return normalised(JSON.parse(value), names);
      } catch {
        // plain text that begins like JSON
      }
    }
    return names.reduce(
      (text, [name, token]) => (text.includes(name) ? text.replace(whole(name), () => token) : text),
      value,
    );
  }
  if (Array.isArray(value)) return value.map((item) => normalised(item, names));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value as Json)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, normalised(item, names)]),
    );
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

export const sortNames = (names: Names): Names =>
  [...new Map(names.filter(([name]) => name.length > 3))].sort(([a], [b]) => b.length - a.length);

/** What stands for one resource: its reference and its ARNs. */
export function namesOf(identity: { ref: string; attributes: Readonly<Json> }, token: string): Names {
  const attributes = Object.entries(identity.attributes).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const arns = attributes
    .filter(([name, value]) => OWN_ARN.test(name) && value.startsWith('arn:'))
    .map(([, value]): [string, string] => [value, `<${token}.Arn>`]);
  return [[identity.ref, `<${token}>`], ...arns];
}
