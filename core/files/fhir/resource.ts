import { isUtf8 } from 'node:buffer';
import { RESOURCE_TYPES } from '../../../profiles/fhir/resource-types';
import { namesTwice } from '../../records/envelope';
import { isObject } from '../../records/head';
import type { RecordFault } from '../records';
import { identityOf, type Neighbours } from './bundle';

/** A resource as a file or record brings it. */
export interface FhirRow extends Record<string, unknown> {
  resource: Record<string, unknown>;
  /** What it may refer to. */
  neighbours: Neighbours;
  /** `timestamp` of the Bundle around it. */
  timestamp: string | undefined;
  /** A Bundle deletes it: nothing is known but type and id. */
  isDeleted: boolean;
}

export type ReadResource = { row: FhirRow } | { fault: RecordFault; pointer: string };

type Json = Record<string, unknown>;

function parsed(bytes: Uint8Array): { value: Json } | { fault: RecordFault; pointer: string } {
  if (!isUtf8(bytes)) return { fault: 'DQ-FMT-01', pointer: '#' };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: 'DQ-FMT-02', pointer: '#' };
  }
  if (!isObject(value)) return { fault: 'DQ-FMT-02', pointer: '#' };
  return namesTwice(text, value) ? { fault: 'DQ-FMT-07', pointer: '#' } : { value };
}

/** Reads the bytes of a resource that stands by itself. */
export function readResource(bytes: Uint8Array, neighbours: Neighbours): ReadResource {
  const found = parsed(bytes);
  if ('fault' in found) return found;
  const resource = found.value;
  return isKnown(resource)
    ? { row: { resource, neighbours, timestamp: undefined, isDeleted: false } }
    : { fault: 'FIL-FHR-03', pointer: '/resourceType' };
}

/** Reads the bytes of an entry of a Bundle. */
export function readEntry(bytes: Uint8Array, neighbours: Neighbours, timestamp: string | undefined): ReadResource {
  const found = parsed(bytes);
  if ('fault' in found) return found;
  const { fullUrl, resource, request } = found.value;
  const { method, url } = isObject(request) ? request : {};
  if (resource === undefined) {
    const [, resourceType, id] = (method === 'DELETE' && typeof url === 'string' && TYPE_AND_ID.exec(url)) || [];
    if (resourceType === undefined || !RESOURCE_TYPES.has(resourceType))
      return { fault: 'FIL-FHR-02', pointer: method === 'DELETE' ? '/request/url' : '/resource' };
    return { row: { resource: { resourceType, id }, neighbours, timestamp, isDeleted: true } };
  }
  if (!isObject(resource)) return { fault: 'FIL-FHR-02', pointer: '/resource' };
  if (!isKnown(resource)) return { fault: 'FIL-FHR-03', pointer: '/resource/resourceType' };
  const identity = identityOf(resource.resourceType, text(resource.id), text(fullUrl));
  if (resource.id === undefined && identity !== undefined) resource.id = identity.slice(identity.indexOf('/') + 1);
  return { row: { resource, neighbours, timestamp, isDeleted: method === 'DELETE' } };
}

const TYPE_AND_ID = /^(?:https?:\/\/[^?]*\/)?([A-Za-z]+)\/([A-Za-z0-9.-]{1,64})$/;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const isKnown = (resource: Json): resource is Json & { resourceType: string } =>
  typeof resource.resourceType === 'string' && RESOURCE_TYPES.has(resource.resourceType);
