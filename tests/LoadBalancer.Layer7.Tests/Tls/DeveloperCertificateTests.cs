using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Layer7.Tls;

namespace LoadBalancer.Layer7.Tests.Tls;

public sealed class DeveloperCertificateTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    [Fact]
    public void One_that_is_valid_marked_and_has_a_key_is_chosen_the_newest_form_first()
    {
        using var plain = Make(mark: null, days: 30);
        using var old = Make(mark: 2, days: 30);
        using var expired = Make(mark: 9, days: -1);
        using var withKey = Make(mark: 8, days: 30);
        using var withoutKey = X509CertificateLoader.LoadCertificate(withKey.RawData);
        using var shorter = Make(mark: 4, days: 10);
        using var longer = Make(mark: 4, days: 20);

        Assert.Equal(longer.Thumbprint, DeveloperCertificate.Choose([plain, old, expired, withoutKey, shorter, longer], Now)?.Thumbprint);
        Assert.Equal(old.Thumbprint, DeveloperCertificate.Choose([plain, old], Now)?.Thumbprint);
        Assert.Null(DeveloperCertificate.Choose([plain, expired, withoutKey], Now));
    }

    [Fact]
    public void The_one_that_is_made_is_for_localhost_and_short_lived()
    {
        using var made = DeveloperCertificate.Make(Now);

        Assert.True(made.MatchesHostname("localhost"));
        Assert.True(made.MatchesHostname("127.0.0.1"));
        Assert.True(made.MatchesHostname("::1"));
        Assert.False(made.MatchesHostname("example.com"));
        Assert.InRange(made.NotAfter - Now.LocalDateTime, TimeSpan.FromDays(1), TimeSpan.FromDays(31));
        using var key = made.GetECDsaPrivateKey();
        Assert.Equal(256, key!.KeySize);
    }

    private static X509Certificate2 Make(byte? mark, int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        if (mark is { } version)
        {
            request.CertificateExtensions.Add(new X509Extension(DeveloperCertificate.Mark, [version], critical: false));
        }

        return request.CreateSelfSigned(Now.AddDays(-5), Now.AddDays(days));
    }
}
