import { FhirMapper } from './fhir/mapper';
import type { FileFacts } from './making';
import { Mapper, type RowMapper } from './mapper';
import type { OpenFile } from './open';

/** The mapper of an open file, by the format that its profile names. */
export const mapperOf = ({ profile, header }: Pick<OpenFile, 'profile' | 'header'>, facts: FileFacts): RowMapper =>
  profile.file.format === 'fhir' ? new FhirMapper(profile, facts) : new Mapper(profile, header, facts);
