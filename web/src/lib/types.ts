// Words of the web pages: what the server answers, by shorter names, and what only the pages know.
import type { CatalogueSite, Names } from './documents';

export type {
  AuditDocument as Audit,
  AuditProofDocument as AuditProof,
  CatalogueSite as Site,
  ChangedKey,
  ComparisonDocument as Comparison,
  CriterionDocument as Criterion,
  DetailDocument as Detail,
  ExampleDocument as Example,
  ExamplesDocument as Examples,
  FactDocument as Fact,
  FactsDocument as Facts,
  FrontierDocument as Frontier,
  HealthDocument as Health,
  HoursDocument as Hours,
  InputDocument as Input,
  ImpactDocument as Impact,
  ImpactView,
  InstrumentDocument as Instrument,
  JobDocument as Job,
  LinkDocument as Interconnector,
  MarketDaysDocument as MarketDays,
  MarketYearDocument as MarketYear,
  TieDocument as Tie,
  Names,
  LiveDocument as Live,
  NationalDocument as National,
  OperationDocument as Operation,
  PackageDocument as Package,
  PaymentDocument as Pay,
  PlanDocument as Plan,
  ProblemDocument,
  Reproduction,
  SessionDocument as Session,
  SideDocument as PaidSide,
  SiteDocument as NationalSite,
  SitesDocument as Sites,
  StoredPlanDocument as StoredPlan,
} from './documents';

export type Language = keyof Names;
export type Value = number | string | boolean | null;
export type Changes = Record<string, Value>;
export type Columns = Record<string, number[]>;
/** A study: a named base, the difference to it, and the policy packages. */
export interface Study {
  base: string;
  changes: Changes;
  packages: string[];
  /** Rate of the only instrument of the only package, where it is not the package's own. */
  rate?: number | undefined;
}
/** What a map needs of a place. */
export type Spot = Pick<CatalogueSite, 'id' | 'name' | 'area' | 'latitude_deg' | 'longitude_deg'>;
