using System.Net.Mime;
using System.Text.Json;
using ServiceDefaults;

namespace Catalog;

/// <summary>Endpoints that make visible what a balancer in front does.</summary>
internal static class DiagnosticEndpoints
{
    private const int LongestDelay = 60_000;

    public static void MapDiagnostics(this IEndpointRouteBuilder app)
    {
        app.MapGet("/", (ReplicaIdentity me) => me);
        app.MapGet("/about", About);
        app.MapGet("/headers", (HttpRequest request, ReplicaIdentity me) =>
            new { me.Service, me.Replica, me.Pid, Headers = request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString()) });
        app.MapGet("/connection", (HttpContext context, ReplicaIdentity me) =>
            new { me.Service, me.Replica, me.Pid, Connection = context.Connection.Id });
        app.MapGet("/slow", SlowAsync);
    }

    // The time and the replica stay the same while a cache answers.
    private static object About(HttpResponse response, ReplicaIdentity me)
    {
        response.Headers.CacheControl = "public, max-age=30";
        return new { me.Service, me.Replica, me.Pid, At = DateTimeOffset.UtcNow };
    }

    // With 'at' that replica takes 'more' longer, as one does that has become slow.
    private static async Task<IResult> SlowAsync(ReplicaIdentity me, CancellationToken aborted, int ms = 1_000, string? at = null, int more = 0)
    {
        foreach (var (name, value) in ((string, int)[])[("ms", ms), ("more", more)])
        {
            if (value is < 0 or > LongestDelay)
            {
                return Results.Problem($"{name} is {value}; it must be 0 to {LongestDelay}.", statusCode: StatusCodes.Status400BadRequest);
            }
        }

        ms += at == me.Replica ? more : 0;
        await Task.Delay(ms, aborted);
        // With its length, and so in one piece: a replica that is killed has answered or it has not, never half.
        return Results.Bytes(JsonSerializer.SerializeToUtf8Bytes(new { me.Service, me.Replica, me.Pid, Ms = ms }, JsonSerializerOptions.Web), MediaTypeNames.Application.Json);
    }
}
