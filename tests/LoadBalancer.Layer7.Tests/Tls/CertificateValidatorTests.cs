using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tls;

namespace LoadBalancer.Layer7.Tests.Tls;

public sealed class CertificateValidatorTests : IDisposable
{
    private const string Certificate = "LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop";
    private const string Password = "hunter2-not-in-any-message";

    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly CertificateDirectory _files = new();

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var path = _files.PathOf("none.pem");

        AssertError($"{Certificate}:Path", $"'{path}' does not exist; must be a PEM or PFX file", new() { Path = path });
    }

    [Fact]
    public void A_directory_is_no_file() => Assert.StartsWith($"'{_files.Path}' cannot be read: ", ErrorOf(new() { Path = _files.Path }).Message);

    [Fact]
    public void What_is_no_path_is_named()
    {
        var options = TlsTestExtensions.WithTls(new() { Certificates = { ["shop"] = new() { Path = "a\0b" } } });
        options.Pools["web"].BackendTls = new() { TrustedCa = "" };

        CertificateValidator.ResolvePaths(options, "/");

        Assert.Equal(["LoadBalancer:Pools:web:BackendTls:TrustedCa", $"{Certificate}:Path"], CertificateValidator.Validate(options).Select(error => error.Key));
    }

    [Fact]
    public void A_file_without_a_key_is_named()
    {
        using var certificate = _authority.Issue("a");
        var path = _files.WriteCertificates("c.pem", certificate);

        AssertError($"{Certificate}:Path", $"'{path}' has no private key; it must be in this file, or KeyPath must name a PEM file that has it", new() { Path = path });
        AssertError($"{Certificate}:KeyPath", $"'{path}' has no private key; it must be in this file, or KeyPath must name a PEM file that has it", new() { Path = path, KeyPath = path });
    }

    [Fact]
    public void A_key_without_a_certificate_is_named()
    {
        using var certificate = _authority.Issue("a");
        var path = _files.WriteKey("k.pem", certificate);

        AssertError($"{Certificate}:Path", $"'{path}' has no certificate; must be a PEM or PFX file", new() { Path = path });
    }

    [Fact]
    public void A_key_of_another_certificate_is_named()
    {
        using var one = _authority.Issue("a");
        using var other = _authority.Issue("b");
        var (path, key) = (_files.WriteCertificates("c.pem", one), _files.WriteKey("k.pem", other));

        AssertError($"{Certificate}:KeyPath", $"'{key}' has a key that is not the one of the certificate in '{path}'; must be a pair", new() { Path = path, KeyPath = key });
    }

    [Theory]
    [InlineData(null, "is missing; must be the password of '{0}'")]
    [InlineData(Password, "does not open '{0}'; must be the password of its private key")]
    public void A_wrong_password_of_a_key_is_told_but_not_printed(string? password, string message)
    {
        using var certificate = _authority.Issue("a");
        var key = _files.WriteKey("k.pem", certificate, "right");

        AssertError($"{Certificate}:Password", string.Format(System.Globalization.CultureInfo.InvariantCulture, message, key), new() { Path = _files.WriteCertificates("c.pem", certificate), KeyPath = key, Password = password });
    }

    [Theory]
    [InlineData(null, "is missing; must be the password of '{0}'")]
    [InlineData(Password, "does not open '{0}'; must be its password")]
    public void A_wrong_password_of_a_PFX_is_told_but_not_printed(string? password, string message)
    {
        using var certificate = _authority.Issue("a");
        var path = _files.WritePfx("c.pfx", certificate, "right");

        AssertError($"{Certificate}:Password", string.Format(System.Globalization.CultureInfo.InvariantCulture, message, path), new() { Path = path, Password = password });
    }

    [Fact]
    public void Something_else_is_neither()
    {
        var path = _files.Write("c.pfx", "hello");

        AssertError($"{Certificate}:Path", $"'{path}' is neither PEM nor PFX; must be a PEM or PFX file", new() { Path = path });
    }

    [Fact]
    public void Files_of_authorities_and_of_backends_are_read_too()
    {
        var none = _files.PathOf("none.pem");
        var empty = _files.Write("empty.pem", "-----BEGIN NOTHING-----\n-----END NOTHING-----\n");
        var options = TlsTestExtensions.WithTls(new() { ClientCertificate = new() { TrustedCa = [none, empty] } });
        options.Pools["web"].BackendTls = new() { TrustedCa = none, ClientCertificate = new() { Path = none } };

        Assert.Equal(
            [
                new("LoadBalancer:Pools:web:BackendTls:TrustedCa", $"'{none}' does not exist; must be a PEM or DER file with certificates of authorities"),
                new("LoadBalancer:Pools:web:BackendTls:ClientCertificate:Path", $"'{none}' does not exist; must be a PEM or PFX file"),
                new("LoadBalancer:Layer7:Listeners:https:Tls:ClientCertificate:TrustedCa:0", $"'{none}' does not exist; must be a PEM or DER file with certificates of authorities"),
                new("LoadBalancer:Layer7:Listeners:https:Tls:ClientCertificate:TrustedCa:1", $"'{empty}' has no certificate; must have at least one"),
            ],
            CertificateValidator.Validate(options));
    }

    [Fact]
    public void Paths_are_relative_to_a_directory_that_is_given()
    {
        var options = TlsTestExtensions.WithTls(new() { Certificates = { ["shop"] = new() { Path = "c.pem", KeyPath = "/k.pem" } }, ClientCertificate = new() { TrustedCa = ["../ca.pem"] } });
        options.Pools["web"].BackendTls = new() { TrustedCa = "ca.pem", ClientCertificate = new() { Path = "own.pfx" } };

        CertificateValidator.ResolvePaths(options, "/etc/lb");

        var tls = options.Layer7.Listeners["https"].Tls!;
        Assert.Equal(("/etc/lb/c.pem", "/k.pem", "/etc/ca.pem"), (tls.Certificates["shop"].Path, tls.Certificates["shop"].KeyPath, tls.ClientCertificate!.TrustedCa[0]));
        Assert.Equal(("/etc/lb/ca.pem", "/etc/lb/own.pfx", null), (options.Pools["web"].BackendTls!.TrustedCa, options.Pools["web"].BackendTls!.ClientCertificate!.Path, options.Pools["web"].BackendTls!.ClientCertificate!.KeyPath));
    }

    private static void AssertError(string key, string message, TlsCertificateOptions certificate)
    {
        Assert.Equal(new ConfigurationError(key, message), ErrorOf(certificate));
        Assert.DoesNotContain(Password, message);
    }

    private static ConfigurationError ErrorOf(TlsCertificateOptions certificate) =>
        Assert.Single(CertificateValidator.Validate(TlsTestExtensions.WithTls(new() { Certificates = { ["shop"] = certificate } })));
}
