using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Server.Admin;

/// <summary>The bearer token (RFC 6750) that commands need: anything on this machine can reach the port.</summary>
internal sealed partial class AdminToken
{
    private const string Scheme = "Bearer ";
    private const int RandomLength = 32;

    private readonly byte[] _expected;

    /// <param name="given">The token of the configuration; null makes a random one and tells it.</param>
    /// <param name="address">Where commands are taken.</param>
    /// <param name="logger">Gets the random token: whoever reads the log may give commands.</param>
    public AdminToken(string? given, string address, ILogger<AdminToken> logger)
    {
        var token = given ?? RandomNumberGenerator.GetHexString(RandomLength, lowercase: true);
        _expected = Encoding.UTF8.GetBytes(token);
        if (given is null)
        {
            Log.Made(logger, address, token);
        }
    }

    /// <summary>Whether a request has the token.</summary>
    public bool IsIn(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim()), _expected);
    }

    private static partial class Log
    {
        [LoggerMessage(411, LogLevel.Information, "Commands on http://{Address}/admin need the token {Token} (LoadBalancer:Admin:Token sets another).")]
        public static partial void Made(ILogger logger, string address, string token);
    }
}
