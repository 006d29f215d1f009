const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
};

/** Text for element content and attributes. */
export const escapeXml = (text: string): string => text.replace(/[&<>"'\r]/g, (c) => ENTITIES[c] ?? c);

/** A tree of elements: text, one element per member, repeated elements from arrays; undefined members are left out. */
export type XmlNode = string | number | boolean | undefined | { readonly [name: string]: XmlNode | readonly XmlNode[] };

function element(name: string, node: XmlNode | readonly XmlNode[]): string {
  if (node === undefined) return '';
  if (Array.isArray(node)) return node.map((one: XmlNode) => element(name, one)).join('');
  return `<${name}>${typeof node === 'object' ? content(node as Record<string, XmlNode>) : escapeXml(String(node))}</${name}>`;
}
const content = (node: Record<string, XmlNode | readonly XmlNode[]>): string =>
  Object.entries(node)
    .map(([name, value]) => element(name, value))
    .join('');

/** An S3 document. */
export function s3Xml(root: string, node: Record<string, XmlNode | readonly XmlNode[]>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content(node)}</${root}>`;
}
