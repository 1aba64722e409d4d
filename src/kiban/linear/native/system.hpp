// What Python hands over: sizes, tables and arrays of one Newton system, as a row of numbers and addresses.
//
// The list is the only one: Python reads the names from `kiban_fields` and fills the places in that order.
// An hourly array holds quantity `q` of step `j`, lane `l`, group `g` at `((g * steps + j) * quantities + q) * LANES + l`.
// `capacities` and `totals` count what the hours know; `border` and `border_totals` all of them, those first.
// `link_start` holds the first state of the hour before that each state is linked to: G is zero before it.
// `references` holds the offsets into `data` of every datum, then their strides per hour (zero for a constant): five a
// column, then entries, lagged entries as this hour and as the next hour sees them, entries of totals, capacity terms
// and right-hand sides; their number is a multiple of LANES.
#pragma once

namespace kiban {

typedef long long Integer;

#define KIBAN_SIZES(X) \
  X(groups) X(steps) X(columns) X(capped) X(rows) X(local) X(capacities) X(totals) X(lags) X(capacity_terms) \
  X(segments) X(blocks) X(border) X(border_totals) X(shape) X(scratch_size) \
  X(reference_count) X(capacity_references) X(right_references)

#define KIBAN_TABLES(X) \
  X(column_table) X(entry_start) X(entry_row) X(lag_column) X(lag_start) X(lag_row) X(link_start) X(carry_start) \
  X(total_start) X(total_row) X(capacity_row) X(capacity_border) X(before) X(after) \
  X(references)

#define KIBAN_ARRAYS(X) \
  X(data) X(soft) X(pads) \
  X(y) X(z) X(r) X(u) X(lambdas) \
  X(dy) X(dz) X(du) X(dlambdas) \
  X(new_dy) X(new_dz) X(new_du) X(new_dlambdas) \
  X(gradients) X(ratios) X(work) X(lower) X(link) X(cover) X(edge) X(tails) \
  X(square) X(edges) X(edge_cover) X(capacity_sum) X(mixed_sum) X(total_sum) \
  X(last) X(last_cover) X(last_edge) X(last_diagonal) \
  X(measures) X(capacity_pull) X(capacity_paid) X(total_pull) X(total_level) X(swept) X(edge_right) X(last_right) \
  X(capacity_check) X(total_check) \
  X(separator) X(screen) X(ends) X(separators) X(matrix) X(right) X(solution) X(block_scratch) X(size_scratch) \
  X(scratch) X(par) \
  X(border_cost) X(border_slope) X(border_curvature) X(border_lead) X(border_floor) X(border_bounded) X(border_width) X(border_soft) X(e) X(q_right) \
  X(x) X(zx) X(rx) X(ux) X(q) X(dx) X(dzx) X(drx) X(dux) X(dq) X(kept) \
  X(part_dx) X(part_dq) X(border_matrix) X(border_inverse) X(border_scale) \
  X(floor_product) X(room_product) X(open_x) X(open_q) X(residual_x) X(residual_q) X(residual_room) X(border_scratch) X(results)

struct System {
#define X(name) Integer name;
  KIBAN_SIZES(X)
#undef X
#define X(name) const Integer* name;
  KIBAN_TABLES(X)
#undef X
#define X(name) double* name;
  KIBAN_ARRAYS(X)
#undef X
};

// Places in `par`.
enum Parameter { KEEP, RIGHTS, COSTS, TARGET, TRIAL_PRIMAL, TRIAL_DUAL, BAND_LOW, BAND_HIGH };
// Right-hand sides of a direction.
enum Mode { AFFINE, CENTRE, BAND, BORDER };
// Places in the measures of a group, after the forward sweep and after the backward one.
enum Forward { COST, WORTH, WIDTH, PRODUCT, PRIMAL, DUAL };
enum Backward { FALL, RISE, CROSS };
// Inverse of the longest steps that an hour allows, in `ratios`.
enum Ratio { TO_VALUES, TO_PRICES, RATIOS };
constexpr int MEASURES = 6;
// Places in `column_table`.
enum { FLOOR, CAP, CAPACITY, LAG, COLUMN_TABLE };
// Places in `column_data`.
enum { COLUMN_COST, COLUMN_FLOOR, COLUMN_BOUNDED, COLUMN_WIDTH, COLUMN_FACTOR, COLUMN_DATA };

}  // namespace kiban
