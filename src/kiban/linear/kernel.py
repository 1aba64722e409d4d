"""draft"""
from __future__ import annotations
import time
import numpy as np
from kiban.linear.kernel_layout import lay_out, LANES
from kiban.linear.kernel_newton import Newton, AFFINE, CENTRE, BAND
from kiban.linear.kernel_structure import read_form, scale_form

def start(n):
    floor, bounded = n.masks()
    n.y[:] = 1.0; n.z[:] = floor; n.r[:] = 1.0; n.u[:] = bounded; n.lambdas[:] = 0
    n.x[:] = 1.0; n.zx[:] = n.x_floor; n.rx[:] = 1.0; n.ux[:] = n.x_bounded
    f, b = floor > 0, bounded > 0
    n.factorise()
    n.solve(AFFINE, keep=0.0, costs=0.0)
    y = n.dy.copy(); x = n.dx.copy()
    r = np.where(b, n.bounds_minus_level(y, x), 1.0)
    rx = np.where(n.x_bounded, n.x_width - x, 1.0)
    n.solve(AFFINE, keep=0.0, rights=0.0)
    z = np.where(f, n.dz, 0.0); u = np.where(b, n.du, 0.0); zx = n.dzx.copy(); ux = n.dux.copy()
    n.lambdas[:] = n.dlambdas; n.q = n.dq.copy()
    # both slacks: split z-u
    low_p = min(y[f].min(initial=0), r[b].min(initial=0), x[n.x_floor].min(initial=0), rx[n.x_bounded].min(initial=0))
    low_d = min(z[f].min(initial=0), u[b].min(initial=0), zx[n.x_floor].min(initial=0), ux[n.x_bounded].min(initial=0))
    dp, dd = max(-1.5 * low_p, 0) , max(-1.5 * low_d, 0)
    def tot(dp, dd):
        p = np.concatenate([y[f], r[b], x[n.x_floor], rx[n.x_bounded]]) + dp
        d = np.concatenate([z[f], u[b], zx[n.x_floor], ux[n.x_bounded]]) + dd
        return p @ d, p.sum(), d.sum()
    pr, ps, ds = tot(dp, dd)
    dp += 0.5 * pr / max(ds, 1e-30); dd += 0.5 * pr / max(ps, 1e-30)
    dp = max(dp, 1e-3); dd = max(dd, 1e-3)
    n.y[:] = np.where(f, y + dp, np.where(n.y == 1.0, y, y)); n.r[:] = np.where(b, r + dp, 1.0)
    n.z[:] = np.where(f, z + dd, 0); n.u[:] = np.where(b, u + dd, 0)
    n.x = np.where(n.x_floor, x + dp, x); n.rx = np.where(n.x_bounded, rx + dp, 1.0)
    n.zx = np.where(n.x_floor, zx + dd, 0.0); n.ux = np.where(n.x_bounded, ux + dd, 0.0)
    n.pairs = int(f.sum() + b.sum() + n.x_floor.sum() + n.x_bounded.sum())

def draft(s, verbose=False, tol=1e-8, maxit=200, segments=None, correctors=0):
    t0 = time.perf_counter()
    form = read_form(s); t1 = time.perf_counter(); scale_form(form); t2 = time.perf_counter(); lay = lay_out(form, segments); t3 = time.perf_counter()
    n = Newton(form, lay)
    unit = form.cost_scale * form.right_scale
    const = s.constant + sum(float((v.cost * c.origin).sum()) for v, c in zip(s.variables.values(), form.columns))
    for name, c in s.capacities.items():
        const += c.cost * (form.held[name] if name in form.held else form.border[form.border_of[name]].origin)
    start(n)
    t4 = time.perf_counter()
    for it in range(maxit):
        n.factorise()
        n.solve(AFFINE)
        m = n.residuals
        mu = m.product / n.pairs
        p, d = m.primal * unit + const, m.dual * unit + const
        gap = abs(p - d) / (1 + abs(p))
        if verbose: print(it, f"{p:.8f} {d:.8f} gap {gap:.1e} pr {m.primal_residual:.1e} dr {m.dual_residual:.1e} mu {mu:.1e}", end=" ")
        if gap < tol and m.primal_residual < 1e-9 and m.dual_residual < 1e-9: break
        ap, ad, fall, rise, cross = n.largest_steps()
        ap, ad = min(ap, 1.0), min(ad, 1.0)
        mua = (m.product + ap * fall + ad * rise + ap * ad * cross) / n.pairs
        sigma = (mua / mu) ** 3
        n.solve(CENTRE, target=sigma * mu)
        ap, ad, *_ = n.largest_steps()
        for _ in range(correctors):
            tp, td = min(1.0, 1.5*ap+.1), min(1.0, 1.5*ad+.1)
            n.solve(BAND, target=sigma * mu, trial=(tp, td))
            ap, ad, *_ = n.largest_steps()
        ap, ad = min(0.9995 * ap, 1.0), min(0.9995 * ad, 1.0)
        if verbose: print(f"sigma {sigma:.1e} ap {ap:.3f} ad {ad:.3f}")
        n.advance(ap, ad)
    t5 = time.perf_counter()
    print("\nread", round(t1 - t0, 4), "scale", round(t2 - t1, 4), "layout", round(t3 - t2, 4), "start", round(t4 - t3, 4), "solve", round(t5 - t4, 4), "it", it, "per", (t5 - t4) / (it + 1) * 1e3, "ms", p, d)
    return n
