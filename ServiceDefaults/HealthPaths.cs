using Microsoft.AspNetCore.Http;

namespace ServiceDefaults;

internal static class HealthPaths
{
    public const string Health = "/health";
    public const string Alive = "/alive";

    public static bool Contains(PathString path) => path == Health || path == Alive;
}
