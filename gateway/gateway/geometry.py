"""Whether a point lies inside a GeoJSON boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Ring = Sequence[Sequence[float]]


def contains(geometry: Mapping[str, Any], lon: float, lat: float) -> bool:
    """Whether a Polygon or MultiPolygon holds the point, its holes excepted.

    A Feature, a FeatureCollection and a GeometryCollection count as the union of what they hold.
    A point exactly on an edge may fall on either side.
    """
    match geometry.get("type"):
        case "Polygon":
            return _in_polygon(geometry["coordinates"], lon, lat)
        case "MultiPolygon":
            return any(_in_polygon(polygon, lon, lat) for polygon in geometry["coordinates"])
        case "Feature":
            return contains(geometry["geometry"], lon, lat)
        case "FeatureCollection":
            return any(contains(feature, lon, lat) for feature in geometry["features"])
        case "GeometryCollection":
            return any(contains(part, lon, lat) for part in geometry["geometries"])
        case _:
            return False


def _in_polygon(rings: Sequence[Ring], lon: float, lat: float) -> bool:
    outer, *holes = rings
    return _in_ring(outer, lon, lat) and not any(_in_ring(hole, lon, lat) for hole in holes)


def _in_ring(ring: Ring, lon: float, lat: float) -> bool:
    """Ray casting: an odd number of crossings to the east is inside."""
    inside = False
    previous_lon, previous_lat = ring[-1][0], ring[-1][1]
    for vertex in ring:
        vertex_lon, vertex_lat = vertex[0], vertex[1]
        if (vertex_lat > lat) != (previous_lat > lat):
            crossing = vertex_lon + (lat - vertex_lat) * (previous_lon - vertex_lon) / (
                previous_lat - vertex_lat
            )
            if lon < crossing:
                inside = not inside
        previous_lon, previous_lat = vertex_lon, vertex_lat
    return inside
