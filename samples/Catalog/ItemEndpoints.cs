using ServiceDefaults;

namespace Catalog;

internal static class ItemEndpoints
{
    private static readonly Item[] Items =
    [
        new(1, "Compass", 18.50m),
        new(2, "Lantern", 32.00m),
        new(3, "Rope, 20 m", 24.90m),
        new(4, "Tent", 189.00m),
    ];

    public static void MapItems(this IEndpointRouteBuilder app)
    {
        app.MapGet("/items", (ReplicaIdentity me) => new { me.Service, me.Replica, me.Pid, Items });
        app.MapGet("/items/{id:int}", (int id, ReplicaIdentity me) => Items.FirstOrDefault(item => item.Id == id) is { } item
            ? Results.Ok(new { me.Service, me.Replica, me.Pid, Item = item })
            : Results.Problem($"There is no item {id}; ids are 1 to {Items.Length}.", statusCode: StatusCodes.Status404NotFound));
    }
}
