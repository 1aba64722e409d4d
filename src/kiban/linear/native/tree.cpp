// A tree of scenarios: one first step for all, then each scenario goes its own way.
//
//                    o-o-o-o-o-o    a lane each
//     first step  o--o-o-o-o-o-o        minimise  cost of the first step + sum of probability * cost of the scenario
//                    o-o-o-o-o-o
//
// Every scenario is swept like a window; prices are those of the scenario itself, not times its probability. What the
// scenarios ask of the states after the first step is their mean:
//     E dl = v + V dx   with   v = sum of probability * v_scenario,   V = sum of probability * V_scenario
// so that the first step ends the sweep back as any hour does. The barrier weighs bounds by probability as well: a
// scenario counted twice is the scenario. All lanes take the same step, else the rows between them would open.
// Sums go scenario by scenario, so that they do not depend on how many stand side by side.
#define KIBAN_ONE_REGISTER
#include "interface.hpp"
#include "window_method.hpp"

using namespace kiban;
using namespace kiban::window;

namespace {

struct Tree {
  Hour* root;
  Hour* branches;                                   // of all groups, one after the other
  const Lanes* probabilities;                       // of the lanes of each group; zero where there is no scenario
  const Plant* plants;                              // of the root, then of each group
  int groups, steps;                                // steps of a branch

  INLINE Stretch stem() const { return {root, 1, ABREAST}; }
  INLINE Stretch branch(int group) const { return {branches + group * steps, steps, ABREAST}; }
  // Add the scenarios of a group, each times its probability, to what the groups before have made.
  INLINE void add_mean(int group, Lanes value, Lanes& total) const {
    const Lanes weighed = probabilities[group] * value;
    double sum = total[0];
    for (int lane = 0; lane < ABREAST; ++lane) sum += weighed[lane];
    total = spread(sum);
  }
  INLINE void add_mean(int group, const Pair<Lanes>& pair, Pair<Lanes>& total) const {
    add_mean(group, pair.storage, total.storage);
    add_mean(group, pair.backlog, total.backlog);
  }
  INLINE void add_mean(int group, const Symmetric<Lanes>& block, Symmetric<Lanes>& total) const {
    Symmetric<double> sum = {total.a[0], total.d[0], total.o[0], total.determinant[0]};
    for (int lane = 0; lane < ABREAST; ++lane) {
      const double p = probabilities[group][lane];
      sum = sum + Symmetric<double>{p * block.a[lane], p * block.d[lane], p * block.o[lane], p * p * block.determinant[lane]};
    }
    total = {spread(sum.a), spread(sum.d), spread(sum.o), spread(sum.determinant)};
  }
  INLINE Lanes both(Lanes one, Lanes other) const { return spread(largest(larger(one, other))); }

  INLINE void look(bool careful, Lanes primal_step, Lanes dual_step, Measures& measures) {
    const Amount &stored = root->amount[STORED], &waiting = root->amount[WAITING];
    const Pair<Lanes> before = {advanced(primal_step, stored.value, stored.step),
                                advanced(primal_step, waiting.value, waiting.step)};
    Ahead<Lanes> joined{};
    for (int g = 0; g < groups; ++g) {
      Ahead<Lanes> ahead{};
      Measures own{ZERO, ZERO, ZERO, ZERO};
      window::look<WindowsAbreast>(branch(g), plants[g + 1], careful, primal_step, dual_step, before, ahead, own);
      add_mean(g, ahead.price, joined.price);
      add_mean(g, ahead.slope, joined.slope);
      add_mean(g, ahead.curvature, joined.curvature);
      add_mean(g, own.product, measures.product);
      add_mean(g, own.primal, measures.primal);
      add_mean(g, own.dual, measures.dual);
      measures.lack = both(measures.lack, own.lack);
    }
    // `look` of the root adds to what the scenarios have.
    window::look<WindowsAbreast>(stem(), plants[0], careful, primal_step, dual_step, {ZERO, ZERO}, joined, measures);
  }
  template <Phase PHASE>
  INLINE void follow(bool careful, Lanes mends, Reach& reach) {
    const Reach least = reach;
    Pair<Lanes> states{ZERO, ZERO};
    window::follow<WindowsAbreast, PHASE>(stem(), plants[0], careful, mends, states, reach);
    for (int g = 0; g < groups; ++g) {
      Reach own = least;
      Pair<Lanes> moved = states;
      window::follow<WindowsAbreast, PHASE>(branch(g), plants[g + 1], careful, mends, moved, own);
      add_mean(g, own.first, reach.first);
      add_mean(g, own.second, reach.second);
      reach.primal = both(reach.primal, own.primal);
      reach.dual = both(reach.dual, own.dual);
    }
  }
  INLINE void keep(Lanes) {}
  INLINE void aim(bool careful, Lanes target) {
    Pair<Lanes> joined{ZERO, ZERO};
    for (int g = 0; g < groups; ++g) {
      Pair<Lanes> slope{ZERO, ZERO};
      window::aim<WindowsAbreast>(branch(g), plants[g + 1], careful, target, slope);
      add_mean(g, slope, joined);
    }
    window::aim<WindowsAbreast>(stem(), plants[0], careful, target, joined);
  }
  INLINE void mend(bool careful) {
    const Pair<Lanes> before = {root->amount[STORED].step, root->amount[WAITING].step};
    Pair<Lanes> joined{ZERO, ZERO}, next{ZERO, ZERO};
    for (int g = 0; g < groups; ++g) {
      Pair<Lanes> slope{ZERO, ZERO};
      window::mend<WindowsAbreast>(branch(g), plants[g + 1], careful, before, {ZERO, ZERO}, slope);
      add_mean(g, slope, joined);
      if (steps > 0) {
        const Hour& hour = *branch(g).hours;
        add_mean(g, Pair<Lanes>{hour.price_step[STORAGE], hour.price_step[BACKLOG]}, next);
      }
    }
    window::mend<WindowsAbreast>(stem(), plants[0], careful, {ZERO, ZERO}, next, joined);
  }
};

INLINE int groups_of(Integer scenarios) { return static_cast<int>((scenarios + ABREAST - 1) / ABREAST); }

// The scenarios in the lanes of a group; lanes without one repeat the first of the group, with no weight.
INLINE int place_group(Integer scenarios, int group, Integer windows[ABREAST]) {
  const Integer first = group * ABREAST;
  for (int lane = 0; lane < ABREAST; ++lane) windows[lane] = first + lane < scenarios ? first + lane : first;
  return static_cast<int>(scenarios - first < ABREAST ? scenarios - first : ABREAST);
}

}  // namespace

// Bytes of room for a tree, at an address that is a multiple of 64.
KIBAN_EXPORT Integer kiban_tree_bytes(Integer steps, Integer scenarios) {
  const Integer groups = groups_of(scenarios);
  return (1 + groups * (steps - 1)) * static_cast<Integer>(sizeof(Hour)) +
         groups * static_cast<Integer>(sizeof(Lanes)) + (1 + groups) * static_cast<Integer>(sizeof(Plant));
}

// The windows of the task are scenarios that share their first step, that of the first. Measures and counts are those of
// the tree, in the place of the first.
KIBAN_EXPORT void kiban_solve_tree(const Task* given, const double* probabilities, Integer scenarios, void* room) {
  const Task& task = *given;
  Tree tree;
  tree.groups = groups_of(scenarios);
  tree.steps = static_cast<int>(task.steps - 1);
  tree.root = static_cast<Hour*>(room);
  tree.branches = tree.root + 1;
  Lanes* weights = reinterpret_cast<Lanes*>(tree.branches + tree.groups * tree.steps);
  Plant* plants = reinterpret_cast<Plant*>(weights + tree.groups);
  tree.probabilities = weights;
  tree.plants = plants;

  Integer windows[ABREAST];
  Units units{ZERO, ZERO};
  for (int g = 0; g < tree.groups; ++g) {
    place_group(scenarios, g, windows);
    const Units own = measure_units(task, Placement<WindowsAbreast>{windows, 0, task.steps}, true);
    units = {larger(own.energy, units.energy), larger(own.money, units.money)};
  }
  Summary summary{ZERO, ZERO, ZERO};
  for (int g = 0; g < tree.groups; ++g) {
    const int count = place_group(scenarios, g, windows);
    const Placement<WindowsAbreast> place{windows, 1, task.steps - 1};
    weights[g] = ZERO;
    for (int lane = 0; lane < count; ++lane) weights[g][lane] = probabilities[g * ABREAST + lane];
    plants[g + 1] = load_plant(task, place);
    const Summary own = load_hours(task, place, units, tree.branch(g).hours);
    tree.add_mean(g, own.bounds, summary.bounds);
    tree.add_mean(g, own.constant, summary.constant);
  }
  for (int lane = 0; lane < ABREAST; ++lane) windows[lane] = 0;
  const Placement<WindowsAbreast> first{windows, 0, 1};
  plants[0] = load_plant(task, first);
  const Summary own = load_hours(task, first, units, tree.root);
  summary.bounds = larger(summary.bounds + own.bounds, spread(1.0));
  summary.constant += own.constant;

  const Verdict verdict = optimise(task, tree, summary);
  report(task, 0, verdict, units, 0);
  const double negligible = NEGLIGIBLE * units.energy[0];
  Pair<double> next{0.0, 0.0};
  for (int g = 0; g < tree.groups; ++g) {
    const int count = place_group(scenarios, g, windows);
    store_hours(task, Placement<WindowsAbreast>{windows, 0, 1}, units, tree.root, count);
    store_hours(task, Placement<WindowsAbreast>{windows, 1, task.steps - 1}, units, tree.branch(g).hours, count);
    for (int lane = 0; lane < count; ++lane) {
      complete(task, windows[lane], 1, negligible);
      const Pair<double> price = state_prices(task, windows[lane], 1);
      const double weight = probabilities[windows[lane]];
      next = {next.storage + weight * price.storage, next.backlog + weight * price.backlog};
    }
  }
  for (Integer scenario = 0; scenario < scenarios; ++scenario)
    complete_step(task, scenario, 0, begin(task, scenario, negligible), negligible, next);
}
